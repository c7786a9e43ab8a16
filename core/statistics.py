"""Fresh planner statistics between the chunks of a job that loads a lot.

Autovacuum looks once a minute; a merchant's first import is over by then, planned all the while as if the tables were empty.  The app
role may not ANALYZE, so one function of the owner does it, for tables that changed much since they were last looked at.  Nothing depends
on it being called.
"""

import time

from core import db

PAUSE_S = 5.0  # of this process

FUNCTION = """
CREATE FUNCTION core_refresh_statistics() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    changed record;
    looked_at integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('core_refresh_statistics')) THEN
        RETURN 0;
    END IF;
    FOR changed IN
        SELECT relname FROM pg_stat_user_tables
        WHERE schemaname = current_schema() AND n_live_tup > 500 AND n_mod_since_analyze > 500 + n_live_tup / 5
        ORDER BY relname
    LOOP
        EXECUTE format('ANALYZE %I', changed.relname);
        looked_at := looked_at + 1;
    END LOOP;
    RETURN looked_at;
END $$
"""

_last = 0.0


def refresh() -> int:
    """Look again at the tables that changed much, at most every PAUSE_S seconds; how many.  Outside of any transaction."""
    global _last  # noqa: PLW0603  one clock a process
    if time.monotonic() - _last < PAUSE_S:
        return 0
    found = db.rows("SELECT core_refresh_statistics()")
    _last = time.monotonic()
    return int(found[0][0])
