"""Gaps that tests/house does not try: a wall that looks right by name and is open."""

import pytest

from core.secure import GLOBAL_TABLES, UNWALLED_SQL
from script.house.roles import connect

REPLACE = "DROP POLICY tenant_isolation ON core_job; CREATE POLICY tenant_isolation ON core_job"
RIGHT = "(tenant_id = current_setting('app.tenant_id')::bigint)"
GAPS = {
    "open to everybody": f"{REPLACE} USING (true)",
    "open for writing": f"{REPLACE} USING {RIGHT} WITH CHECK (true)",
    "for one command": f"{REPLACE} FOR SELECT USING {RIGHT}",
    "for one role": f"{REPLACE} TO pg_monitor USING {RIGHT} WITH CHECK {RIGHT}",
    "a copy of the rows": "CREATE MATERIALIZED VIEW stray AS SELECT * FROM core_job",
    "no primary key": "ALTER TABLE core_inbox DROP CONSTRAINT core_inbox_pkey",
}


@pytest.mark.parametrize("sql", GAPS.values(), ids=GAPS.keys())
def test_the_catalogue_check_finds_it(admin_url: str, sql: str) -> None:
    connection = connect(admin_url)
    connection.autocommit = False
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            cursor.execute(UNWALLED_SQL, [sorted(GLOBAL_TABLES)])
            found = {table for table, problem in cursor.fetchall() if problem}
    finally:
        connection.rollback()
        connection.close()
    assert found & {"core_job", "core_inbox", "stray"}
    assert found <= {"core_job", "core_inbox", "stray"}
