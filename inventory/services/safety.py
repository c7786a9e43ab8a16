"""Safety stock: below the minimum a place is too thin, a proposal fills it up to the target."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.services.accounts import record
from core.tenancy import current_tenant
from inventory.errors import BadQuantity
from inventory.models import UNITS_MOST


@dataclass(frozen=True, slots=True)
class SafetyInput:
    """Units wanted of one SKU at one facility.  Both 0: nothing is wanted any more."""

    facility_id: int
    sku_id: int
    minimum: int
    target: int


def save_safety(*, rows: Sequence[SafetyInput], actor_id: int | None) -> int:
    """Set the safety stock of these places; returns how many changed.  Rows that say 0 and 0 go.  A constant number of statements.

    The caller looked the ids up.  Raises BadQuantity for a target below its minimum, a number out of range, a place named twice.
    """
    for number, row in enumerate(rows, 1):
        if not 0 <= row.minimum <= row.target <= UNITS_MOST:
            raise BadQuantity(
                _("第 %(n)d 行，最低不能小于 0，补到不能小于最低。") % {"n": number}, line=number
            )
    if any(count > 1 for count in Counter((row.facility_id, row.sku_id) for row in rows).values()):
        raise BadQuantity(_("同一个仓库的同一个商品写了两行。"), code="place_twice")
    wanted = sorted((row for row in rows if row.target), key=lambda row: (row.facility_id, row.sku_id))
    gone = sorted((row.facility_id, row.sku_id) for row in rows if not row.target)
    saved = _save(wanted) if wanted else 0
    if gone:
        saved += db.execute(
            "DELETE FROM inventory_safetystock s USING unnest(%s::bigint[], %s::bigint[]) u(facility_id, sku_id)"
            " WHERE s.tenant_id = %s AND s.facility_id = u.facility_id AND s.sku_id = u.sku_id",
            db.array([place[0] for place in gone]),
            db.array([place[1] for place in gone]),
            current_tenant(),
        )
    if saved:
        record(
            "safety.saved", "safety", None, actor_id=actor_id, detail={"rows": len(rows), "changed": saved}
        )
    return saved


def _save(rows: Sequence[SafetyInput]) -> int:
    return len(
        db.rows(
            "INSERT INTO inventory_safetystock AS s (tenant_id, id, facility_id, sku_id, minimum, target) SELECT %s, u.* FROM"
            " unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::int[]) u"
            " ON CONFLICT (tenant_id, facility_id, sku_id) DO UPDATE SET minimum = excluded.minimum, target = excluded.target"
            " WHERE s.minimum <> excluded.minimum OR s.target <> excluded.target RETURNING id",
            current_tenant(),
            db.array(db.new_ids(len(rows))),
            db.array([row.facility_id for row in rows]),
            db.array([row.sku_id for row in rows]),
            db.array([row.minimum for row in rows]),
            db.array([row.target for row in rows]),
        )
    )
