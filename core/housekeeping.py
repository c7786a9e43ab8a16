"""What nobody will ask for again is forgotten at night: delivered facts, remembered answers, old sessions.

Facts with their inbox rows go by a function of the owner: the app may not delete what proves that an effect happened once.  Merchants'
papers, ledgers and audit trails are never forgotten here.
"""

from django.core.management import call_command
from django.db import connections

FACT_DAYS = 30  # a fact that was delivered; one that was not waits for ever
ANSWER_DAYS = 7  # the answer to a request with an Idempotency-Key; docs/api.md says so
BATCH = 10_000

FUNCTION = """
CREATE FUNCTION core_forget(fact_days integer, answer_days integer, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
    facts integer;
    answers integer;
BEGIN
    WITH old AS MATERIALIZED (
        SELECT tenant_id, id FROM core_outbox WHERE done_at < clock_timestamp() - fact_days * interval '1 day'
        ORDER BY tenant_id, id LIMIT most FOR UPDATE SKIP LOCKED),
    effects AS (
        DELETE FROM core_inbox i USING old WHERE i.tenant_id = old.tenant_id AND i.event_id = old.id)
    DELETE FROM core_outbox o USING old WHERE o.tenant_id = old.tenant_id AND o.id = old.id;
    GET DIAGNOSTICS facts = ROW_COUNT;
    WITH old AS MATERIALIZED (
        SELECT tenant_id, id FROM core_idempotentrequest WHERE created_at < clock_timestamp() - answer_days * interval '1 day'
        ORDER BY tenant_id, id LIMIT most FOR UPDATE SKIP LOCKED)
    DELETE FROM core_idempotentrequest r USING old WHERE r.tenant_id = old.tenant_id AND r.id = old.id;
    GET DIAGNOSTICS answers = ROW_COUNT;
    RETURN facts + answers;
END $$
"""


def forget(*, fact_days: int = FACT_DAYS, answer_days: int = ANSWER_DAYS) -> int:
    """Forget what is old, over all tenants, in steps of BATCH that commit each; how many rows.  As sys, outside of any transaction."""
    gone = 0
    while True:
        with connections["sys"].cursor() as cursor:
            cursor.execute("SELECT core_forget(%s, %s, %s)", [fact_days, answer_days, BATCH])
            step: int = cursor.fetchall()[0][0]
        gone += step
        if not step:
            break
    call_command("clearsessions")
    return gone
