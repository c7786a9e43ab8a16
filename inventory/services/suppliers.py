"""Who brings goods."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.services.accounts import record
from core.tenancy import current_tenant
from inventory.errors import UnknownSupplier

LEAD_MOST = 365


@dataclass(frozen=True, slots=True)
class SupplierInput:
    """A supplier as entered.  `lead_days`: from order to door; None is unknown."""

    code: str
    name: str
    contact: str = ""
    phone: str = ""
    lead_days: int | None = None


def save_suppliers(suppliers: Sequence[SupplierInput], *, actor_id: int | None) -> dict[str, int]:
    """Make these suppliers or bring them up to date, by code; code -> id.  Two statements, however many."""
    ordered = sorted(suppliers, key=lambda one: one.code)
    made = db.rows(
        "INSERT INTO inventory_supplier (tenant_id, id, code, name, contact, phone, lead_days) SELECT %s, u.* FROM"
        " unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::smallint[]) u"
        " ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name, contact = excluded.contact, phone = excluded.phone,"
        " lead_days = excluded.lead_days RETURNING code, id",
        current_tenant(),
        db.array(db.new_ids(len(ordered))),
        db.array([s.code for s in ordered]),
        db.array([s.name for s in ordered]),
        db.array([s.contact for s in ordered]),
        db.array([s.phone for s in ordered]),
        db.array([s.lead_days for s in ordered]),
    )
    ids = dict(made)
    record("supplier.saved", "supplier", None, actor_id=actor_id, detail={"codes": sorted(ids)})
    return ids


def set_active(supplier_ids: Sequence[int], *, is_active: bool, actor_id: int | None) -> None:
    """Archive suppliers, or take them back: nobody orders from an archived one, its papers stay.  Raises UnknownSupplier."""
    wanted = sorted(set(supplier_ids))
    done = db.rows(
        "UPDATE inventory_supplier SET is_active = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[]) RETURNING id",
        is_active,
        current_tenant(),
        db.array(wanted),
    )
    if len(done) < len(wanted):
        raise UnknownSupplier(_("没有这个供应商。"), supplier_ids=wanted)
    action = "supplier.restored" if is_active else "supplier.archived"
    record(action, "supplier", None, actor_id=actor_id, detail={"ids": wanted})
