"""The one statement that opens every page: who this is here, which merchant, what time it is, what the merchant decided."""

import json
from typing import Any

from core import clock, db, options
from core.models import Membership, Tenant
from core.tenancy import current_tenant

# Parameters: the user, the tenant.
OPEN = """
    SELECT m.id, m.role, m.facility_ids, t.slug, t.name, t.timezone, t.currency, t.created_at, clock_timestamp(),
        (clock_timestamp() AT TIME ZONE t.timezone)::date,
        (SELECT json_object_agg(o.name, o.value) FROM core_optionvalue o WHERE o.tenant_id = t.id)
    FROM core_tenant t LEFT JOIN core_membership m ON m.tenant_id = t.id AND m.user_id = %s AND m.is_active
    WHERE t.id = %s
"""


def open_page(user_id: int) -> tuple[Tenant, Membership] | None:
    """The tenant in scope and what this person is in it; None when the person is nothing here.  One statement."""
    tenant_id = current_tenant()
    found = db.rows(OPEN, user_id, tenant_id)
    if not found or found[0][0] is None:
        return None
    id_, role, facility_ids, slug, name, zone, currency, created_at, now, today, decided = found[0]
    clock.know(now, today)
    options.know(_json(decided) or {})
    tenant = Tenant(
        id=tenant_id, slug=slug, name=name, timezone=zone, currency=currency, created_at=created_at
    )
    membership = Membership(
        id=id_,
        tenant_id=tenant_id,
        user_id=user_id,
        role=role,
        facility_ids=_json(facility_ids),
        is_active=True,
    )
    return tenant, membership


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
