"""The wall around tenant tables, the sequence of ids, the one function that sees memberships before a tenant is known."""

from typing import Any

from django.conf import settings
from django.db import migrations

from core.db import BLOCK
from core.secure import SecureTables

MEMBERSHIPS = """
CREATE FUNCTION core_memberships(person bigint)
RETURNS TABLE (tenant_id bigint, tenant_name text, tenant_slug text, role text, facility_ids jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT m.tenant_id, t.name::text, t.slug::text, m.role::text, m.facility_ids
    FROM core_membership m JOIN core_tenant t ON t.id = m.tenant_id
    WHERE m.user_id = person AND m.is_active ORDER BY t.name, t.id
$$
"""


def grant(apps: Any, editor: Any) -> None:
    app, sys = editor.quote_name(settings.APP_ROLE), editor.quote_name(settings.SYS_ROLE)
    for sql in (
        f"GRANT USAGE ON SCHEMA public TO {app}, {sys}",
        f"GRANT USAGE ON SEQUENCE core_id_block TO {app}, {sys}",
        "REVOKE ALL ON FUNCTION core_memberships(bigint) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION core_memberships(bigint) TO {app}",
        f"GRANT SELECT ON core_tenant TO {app}",
        f"GRANT SELECT, INSERT, UPDATE ON core_tenant TO {sys}",
        f"GRANT SELECT, INSERT, UPDATE ON core_user TO {app}",
        f"GRANT USAGE ON SEQUENCE core_user_id_seq TO {app}",
    ):
        editor.execute(sql)


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(
            f"CREATE SEQUENCE core_id_block INCREMENT {BLOCK} MINVALUE {BLOCK} MAXVALUE {2**53 - BLOCK}", "DROP SEQUENCE core_id_block"
        ),
        SecureTables(
            ["Membership", "ApiKey", "IdempotentRequest", "AuditEntry", "Outbox", "Inbox", "Job", "OptionValue", "StoredFile"],
            append_only=["AuditEntry", "Inbox", "StoredFile"],
            keep=["Membership", "ApiKey", "Job"],
            sys_reads=["Outbox", "Job"],
            fillfactor={"Job": 50, "Outbox": 80},
        ),
        migrations.RunSQL(MEMBERSHIPS, "DROP FUNCTION core_memberships(bigint)"),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
