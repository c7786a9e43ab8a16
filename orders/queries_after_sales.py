"""Reads of what comes after a sale: queues and their counts, one return with what it waits for, one order's part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.db.models import QuerySet

from core import db
from core.tenancy import current_tenant
from inventory.models.goods import Tracking
from orders.models import LotProof, Refund, RefundState, Return, ReturnState
from orders.services.returns import SENT, fold_tracking

COUNT_MOST = 10_000
FOUND_MOST = 20
REFUND_QUEUES = {"asked": RefundState.REQUESTED, "to_refund": RefundState.AGREED, "refunds": None}
RETURN_QUEUES = {
    "to_receive": ReturnState.EXPECTED,
    "unknown": ReturnState.UNKNOWN,
    "to_inspect": ReturnState.RECEIVED,
    "returns": None,
}

# (facilities or none) three times; counted up to a bound
_COUNTS = """
    SELECT 'refund', r.state, count(*)::int FROM (SELECT r.state, r.order_id, r.tenant_id FROM orders_refund r WHERE r.tenant_id = %(t)s
        AND r.state IN (1, 2) LIMIT %(most)s) r JOIN orders_order o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    WHERE %(all)s OR o.facility_id = ANY (%(f)s::bigint[]) GROUP BY 2
    UNION ALL
    SELECT 'return', d.state, count(*)::int FROM (SELECT d.state, d.order_id, d.facility_id, d.tenant_id FROM orders_return d
        WHERE d.tenant_id = %(t)s AND d.state IN (1, 2, 3) LIMIT %(most)s) d
    LEFT JOIN orders_order o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
    WHERE %(all)s OR coalesce(d.facility_id, o.facility_id) = ANY (%(f)s::bigint[]) GROUP BY 2
"""


def count_queues(facility_ids: Sequence[int] | None) -> dict[str, int]:
    """How many wait in each queue; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNTS,
            {
                "t": current_tenant(),
                "most": COUNT_MOST,
                "all": facility_ids is None,
                "f": db.array(facility_ids or ()),
            },
        )
        found = {(kind, state): n for kind, state, n in cursor.fetchall()}
    counts = {name: found.get(("refund", int(state)), 0) for name, state in REFUND_QUEUES.items() if state}
    return counts | {
        name: found.get(("return", int(state)), 0) for name, state in RETURN_QUEUES.items() if state
    }


def list_refunds(facility_ids: Sequence[int] | None) -> QuerySet[Refund]:
    """Refunds of orders that a person may see."""
    found = Refund.objects.select_related("order", "channel").defer("order__receiver")
    return found if facility_ids is None else found.filter(order__facility__in=facility_ids)


def list_returns(facility_ids: Sequence[int] | None) -> QuerySet[Return]:
    """Returns that came to, or come from, facilities that a person may see."""
    found = Return.objects.select_related("order", "facility").defer("order__receiver")
    if facility_ids is None:
        return found
    return found.filter(facility__in=facility_ids) | found.filter(
        facility__isnull=True, order__facility__in=facility_ids
    )


@dataclass(frozen=True, slots=True)
class SentLot:
    """Units of one lot that left for one line of the order."""

    line_id: int
    sku_id: int
    lot_id: int
    sku_name: str
    lot_code: str
    expires_on: date | None
    units: int
    returned: int


def list_sent(order_id: int) -> list[SentLot]:
    """Lots that left for an order, and how many units of each have come back; one statement."""
    found = db.rows(
        f"WITH sent AS ({SENT}) SELECT s.ref, s.sku_id, s.lot_id, k.name, l.code, l.expires_on, sum(s.sum)::int,"
        " coalesce((SELECT sum(i.units) FROM orders_returnitem i WHERE i.tenant_id = %s AND i.order_line_id = s.ref"
        " AND i.lot_id = s.lot_id), 0)::int FROM sent s JOIN inventory_sku k ON k.tenant_id = %s AND k.id = s.sku_id"
        " JOIN inventory_lot l ON l.tenant_id = %s AND l.id = s.lot_id GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 4, 6, 5",
        current_tenant(),
        db.array([order_id]),
        *[current_tenant()] * 3,
    )
    return [SentLot(*row) for row in found]


@dataclass(frozen=True, slots=True)
class ItemRow:
    """Units of one lot that came back, and what became of them."""

    id: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date | None
    bin_code: str
    proof: int
    units: int
    good: int
    damaged: int
    is_ours: bool
    is_tracked: bool

    @property
    def waiting(self) -> int:
        return self.units - self.good - self.damaged

    @property
    def may_sell(self) -> bool:
        """Goods that are told apart by lots are not sold again without one."""
        return self.proof != LotProof.NOT_KNOWN or not self.is_tracked


def list_items(return_id: int) -> list[ItemRow]:
    """What came in a return, those that wait for a look first."""
    found = db.rows(
        "SELECT i.id, i.sku_id, s.code, s.name, s.unit, i.lot_id, l.code, l.expires_on, b.code, i.proof, i.units, i.good, i.damaged,"
        " i.order_line_id IS NOT NULL, s.tracking <> %s FROM orders_returnitem i"
        " JOIN inventory_sku s ON s.tenant_id = i.tenant_id AND s.id = i.sku_id"
        " JOIN inventory_lot l ON l.tenant_id = i.tenant_id AND l.id = i.lot_id"
        " JOIN inventory_bin b ON b.tenant_id = i.tenant_id AND b.id = i.bin_id"
        " WHERE i.tenant_id = %s AND i.return_doc_id = %s ORDER BY i.units = i.good + i.damaged, i.id DESC LIMIT 200",
        int(Tracking.NONE),
        current_tenant(),
        return_id,
    )
    return [ItemRow(*row) for row in found]


def list_homes(facility_id: int, items: Sequence[ItemRow]) -> dict[int, str]:
    """Row -> code of the bin that its good units go to when nobody says another: where their lot is sold from, else their goods."""
    found = db.rows(
        "SELECT DISTINCT ON (u.id) u.id, n.code FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) u(id, sku_id, lot_id)"
        " JOIN inventory_balance b ON b.tenant_id = %s AND b.facility_id = %s AND b.sku_id = u.sku_id"
        " JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id AND n.kind IN (0, 1) AND n.is_active"
        " ORDER BY u.id, b.lot_id <> u.lot_id, b.on_hand = 0, n.kind, n.sequence, n.id",
        *(db.array(getattr(item, name) for item in items) for name in ("id", "sku_id", "lot_id")),
        current_tenant(),
        facility_id,
    )
    return dict(found)


def count_expected(refund_id: int | None) -> int:
    """Units that a refund says have to come back."""
    if refund_id is None:
        return 0
    found = db.rows(
        "SELECT coalesce(sum(late), 0)::int FROM orders_refundline WHERE tenant_id = %s AND refund_id = %s",
        current_tenant(),
        refund_id,
    )
    return int(found[0][0])


@dataclass(frozen=True, slots=True)
class Candidate:
    """An order that an unknown parcel may belong to."""

    order_id: int
    number: str
    mask: str
    channel: str
    goods: tuple[str, ...]
    shipped_at: datetime | None


def find_candidates(text: str, sku_ids: Sequence[int], facility_ids: Sequence[int] | None) -> list[Candidate]:
    """Orders of which something left: by number or tracking number (from its start), by mask, or, without a text, by the goods that came.

    The latest first; one statement.
    """
    said = text.strip()[:64]
    if not said and not sku_ids:
        return []
    if said:
        chosen = (
            "o.id IN (SELECT c.order_id FROM orders_channelorder c WHERE c.tenant_id = %s AND c.external_number ^@ %s"
            " UNION SELECT p.ref FROM warehouse_parcel p WHERE p.tenant_id = %s AND p.tracking_number = %s"
            " UNION SELECT r.id FROM (SELECT id, receiver_mask FROM orders_order WHERE tenant_id = %s AND status = 4"
            " ORDER BY ship_by DESC LIMIT 5000) r WHERE strpos(r.receiver_mask, %s) > 0)"
        )
        tenant_id = current_tenant()
        params: tuple[object, ...] = (tenant_id, said, tenant_id, fold_tracking(said), tenant_id, said)
    else:
        chosen = (
            "o.id IN (SELECT r.id FROM (SELECT id FROM orders_order WHERE tenant_id = %s AND status = 4 ORDER BY ship_by DESC LIMIT 5000) r"
            " JOIN orders_orderline l ON l.tenant_id = %s AND l.order_id = r.id AND l.sku_id = ANY (%s::bigint[])"
            " GROUP BY r.id HAVING count(DISTINCT l.sku_id) = %s)"
        )
        params = (current_tenant(), current_tenant(), db.array(sku_ids), len(set(sku_ids)))
    return _candidates(chosen, params, facility_ids)


def list_candidates(order_ids: Sequence[int], facility_ids: Sequence[int] | None) -> list[Candidate]:
    """These orders, as far as something of them left."""
    return _candidates("o.id = ANY (%s::bigint[])", (db.array(order_ids),), facility_ids)


def _candidates(chosen: str, params: Sequence[object], facility_ids: Sequence[int] | None) -> list[Candidate]:
    place = "TRUE" if facility_ids is None else "o.facility_id = ANY (%s::bigint[])"
    scope = () if facility_ids is None else (db.array(facility_ids),)
    found = db.rows(
        "SELECT o.id, o.number, o.receiver_mask, c.name, ARRAY(SELECT coalesce(s.name, l.external_code) || ' ×' || l.quantity"
        " FROM orders_orderline l LEFT JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id"
        " WHERE l.tenant_id = o.tenant_id AND l.order_id = o.id ORDER BY l.id LIMIT 4), o.shipped_at FROM orders_order o"
        " JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id"
        f" WHERE o.tenant_id = %s AND o.status IN (1, 3, 4) AND {place} AND {chosen}"
        " AND EXISTS (SELECT FROM warehouse_parcel p WHERE p.tenant_id = o.tenant_id AND p.ref = coalesce(o.merged_into_id, o.id)"
        " AND p.status = 4) ORDER BY o.shipped_at DESC NULLS LAST, o.id DESC LIMIT %s",
        current_tenant(),
        *scope,
        *params,
        FOUND_MOST,
    )
    return [
        Candidate(order_id, number, mask, channel, tuple(goods), shipped_at)
        for order_id, number, mask, channel, goods, shipped_at in found
    ]


@dataclass(frozen=True, slots=True)
class RefundLineRow:
    """A line of an order as a refund may ask for it."""

    id: int
    name: str
    code: str
    unit: str
    quantity: int
    withdrawn: int
    returned: int
    refunded_minor: int

    @property
    def left(self) -> int:
        return self.quantity - self.withdrawn - self.returned


def list_refundable(order_id: int) -> list[RefundLineRow]:
    """Lines of one order with what was taken out of them, what came back and what was refunded; one statement."""
    found = db.rows(
        "SELECT l.id, coalesce(s.name, l.external_code), coalesce(s.code, l.external_code), coalesce(s.unit, ''), l.quantity, l.withdrawn,"
        " coalesce((SELECT sum(i.units) FROM orders_returnitem i WHERE i.tenant_id = l.tenant_id AND i.order_line_id = l.id), 0)::int,"
        " coalesce((SELECT sum(b.amount_minor) FROM orders_refundbooking b WHERE b.tenant_id = l.tenant_id AND b.order_line_id = l.id), 0)"
        "::bigint FROM orders_orderline l LEFT JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id"
        " WHERE l.tenant_id = %s AND l.order_id = %s ORDER BY l.id LIMIT 300",
        current_tenant(),
        order_id,
    )
    return [RefundLineRow(*row) for row in found]


@dataclass(frozen=True, slots=True)
class AfterSaleFact:
    """A refund, a return or another order that belongs to one order: `kind` refund, return, follow (sent instead of it) or first."""

    kind: str
    id: int
    number: str
    state: int
    minor: int
    at: datetime


def list_of_order(order_id: int) -> list[AfterSaleFact]:
    """All that came after the sale of one order, the newest first; one statement."""
    tenant_id = current_tenant()
    found = db.rows(
        "SELECT 'refund', id, external_id, state::int, amount_minor, asked_at FROM orders_refund WHERE tenant_id = %s AND order_id = %s"
        " UNION ALL SELECT 'return', id, number, state::int, 0, created_at FROM orders_return WHERE tenant_id = %s AND order_id = %s"
        " UNION ALL SELECT 'follow', o.id, o.number, f.kind::int, 0, f.created_at FROM orders_followup f"
        " JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id WHERE f.tenant_id = %s AND f.first_order_id = %s"
        " UNION ALL SELECT 'first', o.id, o.number, f.kind::int, 0, f.created_at FROM orders_followup f"
        " JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.first_order_id WHERE f.tenant_id = %s AND f.order_id = %s"
        " ORDER BY 6 DESC, 2 DESC LIMIT 50",
        *(tenant_id, order_id) * 4,
    )
    return [AfterSaleFact(*row) for row in found]
