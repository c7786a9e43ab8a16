"""Making a tenant.  A platform operator's act: it runs as sys, never from the web."""

from django.db import connections

from core import db


def create_tenant(*, name: str, slug: str, timezone: str = "Asia/Shanghai", currency: str = "CNY") -> int:
    """A new merchant company; returns its id.  Raises IntegrityError when the slug is taken."""
    tenant_id = db.new_id()
    with connections["sys"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_tenant (id, slug, name, timezone, currency) VALUES (%s, %s, %s, %s, %s)",
            [tenant_id, slug, name, timezone, currency],
        )
    return tenant_id


def find_tenant_id(slug: str) -> int | None:
    """The tenant with this slug, if there is one."""
    found = db.rows("SELECT id FROM core_tenant WHERE slug = %s", slug)
    return found[0][0] if found else None
