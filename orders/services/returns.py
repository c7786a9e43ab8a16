"""Returns: parcels that come back, known or not, and their goods, which lie in quarantine until somebody has looked at them.

Every unit that comes in is a ledger move whose document is the return, so the equation of its lot closes.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import db, live, numbers, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from inventory.models import Bin, BinKind, MoveKind
from inventory.models.goods import Tracking
from inventory.rules.receiving import NO_LOT
from inventory.services.ledger import MoveRow, find_or_make_balances, write_moves
from inventory.services.lots import LotInput, find_or_make_lots
from orders.errors import BadOrder, NoOrder, NoQuarantine, NoReturn, NotReturnable
from orders.models import LotProof, Order, Return, ReturnItem, ReturnState

KIND = "RT"
LIVE = "return"
LONGEST_TRACKING = 40
OPEN = (ReturnState.EXPECTED, ReturnState.UNKNOWN, ReturnState.RECEIVED)

# (tenant, order): lots that left for an order: its lines, SKUs, lots, parcels, units
SENT = """
    SELECT l.ref, l.sku_id, b.lot_id, p.id, sum(m.quantity)::int FROM orders_order o
    JOIN warehouse_parcel p ON p.tenant_id = o.tenant_id AND p.ref = coalesce(o.merged_into_id, o.id) AND p.status = 4
    JOIN warehouse_parcelline l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    JOIN orders_orderline x ON x.tenant_id = l.tenant_id AND x.id = l.ref AND x.order_id = o.id
    JOIN inventory_move m ON m.tenant_id = p.tenant_id AND m.document_id = p.id AND m.line_id = l.id AND m.kind = 3
    JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.from_balance_id
    WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4
"""


@dataclass(frozen=True, slots=True)
class ItemInput:
    """Units of one SKU out of a returned parcel.  The lot by id or as read off the goods; neither: nobody can tell."""

    sku_id: int
    units: int
    lot_id: int | None = None
    lot_code: str = ""
    expires_on: date | None = None


def fold_tracking(text: str) -> str:
    """A tracking number as all of them are kept: no spaces, capitals, the content of an SSCC code."""
    folded = "".join(unicodedata.normalize("NFKC", text).split()).upper()
    return folded.removeprefix("(00)")[:LONGEST_TRACKING]


def expect(*, refunds: Mapping[int, int], actor_id: int | None) -> tuple[int, ...]:
    """Goods of these refunds (refund -> order) have left: they have to come back.  A return for each; ids."""
    if not refunds:
        return ()
    ids, listed = db.new_ids(len(refunds)), sorted(refunds.items())
    papers = numbers.new_numbers(KIND, len(refunds))
    db.insert(
        Return,
        ["id", "number", "order", "refund", "created_by"],
        [
            (id_, number, order_id, refund_id, actor_id)
            for id_, number, (refund_id, order_id) in zip(ids, papers, listed, strict=True)
        ],
    )
    live.push(current_tenant(), LIVE, list(ids))
    return tuple(ids)


def call_off(*, refund_ids: Sequence[int]) -> None:
    """Nobody waits any more for goods of these refunds that have not come."""
    db.execute(
        "UPDATE orders_return SET state = %s, closed_at = clock_timestamp() WHERE tenant_id = %s AND refund_id = ANY (%s::bigint[])"
        " AND state = %s",
        int(ReturnState.CANCELLED),
        current_tenant(),
        db.array(refund_ids),
        int(ReturnState.EXPECTED),
    )


def announce(*, order_id: int, tracking_number: str, reason: str = "", actor_id: int | None = None) -> int:
    """The buyer says how an order's goods come back.  The order's return that is waited for gets the number, or a new one is made.

    The same number again is the same return.  Locks the order.  Raises NoOrder, BadOrder without a number.
    """
    tracking = fold_tracking(tracking_number)
    if not tracking:
        raise BadOrder(_("要填寄回的快递单号。"), code="no_tracking", field="tracking_number")
    if not db.lock(Rank.ORDER, Order, "id", "id = %s", order_id):
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    known = _find(tracking)
    if known is not None:
        return known[0]
    waiting = db.rows(
        "SELECT id FROM orders_return WHERE tenant_id = %s AND order_id = %s AND state = %s AND tracking_number = '' ORDER BY id LIMIT 1",
        current_tenant(),
        order_id,
        int(ReturnState.EXPECTED),
    )
    if waiting:
        db.execute(
            "UPDATE orders_return SET tracking_number = %s, reason = CASE WHEN %s = '' THEN reason ELSE %s END"
            " WHERE tenant_id = %s AND id = %s",
            tracking,
            reason[:200],
            reason[:200],
            current_tenant(),
            waiting[0][0],
        )
        return int(waiting[0][0])
    id_ = db.new_id()
    db.insert(
        Return,
        ["id", "number", "order", "tracking_number", "reason", "created_by"],
        [(id_, numbers.new_number(KIND), order_id, tracking, reason[:200], actor_id)],
    )
    live.push(current_tenant(), LIVE, [id_])
    return id_


def _find(tracking: str) -> tuple[int, int] | None:
    found = db.rows(
        "SELECT id, state FROM orders_return WHERE tenant_id = %s AND tracking_number = %s AND state <> %s",
        current_tenant(),
        tracking,
        int(ReturnState.CANCELLED),
    )
    return found[0] if found else None


def match(*, return_id: int, order_id: int, actor_id: int | None) -> int:
    """An unknown parcel is this order's: what came in it counts for the order's lines.  The order's return that was waited for is this one
    now.  Returns the return's id.

    Locks the return, then the order.  Raises NoReturn, NoOrder, NotReturnable for one that has an order already.
    """
    found = lock_return(return_id)
    if found.order_id == order_id:
        return return_id
    if found.state != ReturnState.UNKNOWN:
        raise NotReturnable(_("这个包裹已经认过主了。"), return_id=return_id)
    if not db.lock(Rank.ORDER, Order, "id", "id = %s", order_id):
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    waiting = db.rows(
        "SELECT id, refund_id FROM orders_return WHERE tenant_id = %s AND order_id = %s AND state = %s AND tracking_number = ''"
        " ORDER BY id LIMIT 1",
        current_tenant(),
        order_id,
        int(ReturnState.EXPECTED),
    )
    if waiting:
        db.execute(
            "UPDATE orders_return SET state = %s, refund_id = NULL, closed_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
            int(ReturnState.CANCELLED),
            current_tenant(),
            waiting[0][0],
        )
    db.execute(
        "UPDATE orders_return SET state = %s, order_id = %s, refund_id = %s WHERE tenant_id = %s AND id = %s",
        int(ReturnState.RECEIVED),
        order_id,
        waiting[0][1] if waiting else None,
        current_tenant(),
        return_id,
    )
    _match_items(return_id, order_id)
    tell("ReturnsMatched", "match_return", [return_id], actor_id)
    return return_id


def _match_items(return_id: int, order_id: int) -> None:
    """Whole rows only: a row is what lies on one place, and stays one."""
    room, lots = _room(order_id), _lots_sent(order_id)
    found: list[tuple[int, int, int]] = []
    for id_, sku_id, lot_id, units, was in db.rows(
        "SELECT id, sku_id, lot_id, units, proof FROM orders_returnitem WHERE tenant_id = %s AND return_doc_id = %s ORDER BY id",
        current_tenant(),
        return_id,
    ):
        line = next((i for i, (sku, left) in room.items() if sku == sku_id and left >= units), None)
        if line is None:
            continue
        room[line] = (sku_id, room[line][1] - units)
        proof = was
        if was != LotProof.NOT_KNOWN:
            proof = LotProof.SENT if lot_id in lots.get(line, ()) else LotProof.OTHER
        found.append((id_, line, int(proof)))
    if found:
        db.execute(
            "UPDATE orders_returnitem i SET order_line_id = u.line, proof = u.proof"
            " FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[]) u(id, line, proof) WHERE i.tenant_id = %s AND i.id = u.id",
            *(db.array(column) for column in zip(*found, strict=True)),
            current_tenant(),
        )


def _room(order_id: int) -> dict[int, tuple[int, int]]:
    """Line -> SKU, and units that left and have not come back."""
    found = db.rows(
        f"WITH sent AS ({SENT}) SELECT s.ref, s.sku_id, sum(s.sum)::int - coalesce((SELECT sum(i.units) FROM orders_returnitem i"
        " WHERE i.tenant_id = %s AND i.order_line_id = s.ref), 0)::int FROM sent s GROUP BY 1, 2 ORDER BY 1",
        current_tenant(),
        db.array([order_id]),
        current_tenant(),
    )
    return {line: (sku_id, left) for line, sku_id, left in found}


def _lots_sent(order_id: int) -> dict[int, set[int]]:
    """Line -> lots that left for it."""
    found: dict[int, set[int]] = {}
    for line, _sku, lot_id, _parcel, _units in db.rows(SENT, current_tenant(), db.array([order_id])):
        found.setdefault(line, set()).add(lot_id)
    return found


@dataclass(frozen=True, slots=True)
class LockedReturn:
    """A return under its lock."""

    id: int
    order_id: int | None
    facility_id: int | None
    state: int
    number: str


def lock_return(return_id: int) -> LockedReturn:
    """Raises NoReturn."""
    found = db.lock(Rank.DOCUMENT, Return, "id, order_id, facility_id, state, number", "id = %s", return_id)
    if not found:
        raise NoReturn(_("没有这个退货，或者不归您管。"), return_id=return_id)
    return LockedReturn(*found[0])


def take_in(*, return_id: int, items: Sequence[ItemInput], actor_id: int | None) -> tuple[int, ...]:
    """Goods out of a returned parcel go into quarantine with their lot; the rows' ids.

    Units count for the order's lines as far as units left there and have not come back; what is more is taken in as goods the order does
    not have.  A lot that did not leave for the order, or that nobody can tell, is taken and marked.  Locks the return, the order, then the
    balances.  Raises NoReturn, NotReturnable, NoQuarantine, BadOrder (units), LotDiffers.
    """
    found = lock_return(return_id)
    if found.state not in (ReturnState.UNKNOWN, ReturnState.RECEIVED) or found.facility_id is None:
        raise NotReturnable(_("先扫快递单号收下包裹。"), return_id=return_id)
    if not items or any(item.units <= 0 for item in items):
        raise BadOrder(_("数量要大于 0。"), code="bad_units", field="units")
    room: dict[int, tuple[int, int]] = {}
    sent: dict[int, set[int]] = {}
    if found.order_id is not None:
        db.lock(Rank.ORDER, Order, "id", "id = %s", found.order_id)
        room, sent = _room(found.order_id), _lots_sent(found.order_id)
    bin_id = first_bin(found.facility_id, BinKind.QUARANTINE)
    lots = _lots(found.number, items)
    rows = []
    for item, (lot_id, is_known) in zip(items, lots, strict=True):
        for line, units in _spread(item, lot_id if is_known else None, room, sent):
            proof = LotProof.NOT_KNOWN
            if is_known:
                proof = LotProof.SENT if lot_id in sent.get(line or 0, ()) else LotProof.OTHER
            rows.append((line, item.sku_id, lot_id, bin_id, int(proof), units))
    ids = _keep_items(return_id, rows)
    balances = find_or_make_balances((found.facility_id, bin_id, row[1], row[2]) for row in rows)
    write_moves(
        [
            MoveRow(MoveKind.PUT_BACK, row[5], None, balances[bin_id, row[2]], return_id, id_)
            for id_, row in zip(ids, rows, strict=True)
        ],
        actor_id=actor_id,
    )
    tell("ReturnsTakenIn", "take_in_return", [return_id], actor_id)
    return ids


def _keep_items(
    return_id: int, rows: Sequence[tuple[int | None, int, int, int, int, int]]
) -> tuple[int, ...]:
    """The item of each row (line, SKU, lot, bin, proof, units): one scan after the other counts up the same one."""
    known = {
        tuple(row[1:]): row[0]
        for row in db.rows(
            "SELECT id, order_line_id, lot_id, bin_id, proof FROM orders_returnitem WHERE tenant_id = %s AND return_doc_id = %s",
            current_tenant(),
            return_id,
        )
    }
    ids: list[int] = []
    fresh: dict[int, tuple[int | None, int, int, int, int, int]] = {}
    more: dict[int, int] = {}
    for row in rows:
        line, sku_id, lot_id, bin_id, proof, units = row
        key = (line, lot_id, bin_id, proof)
        id_ = known.setdefault(key, 0) or db.new_id()
        if not known[key]:
            known[key] = id_
            fresh[id_] = row
        elif id_ in fresh:
            fresh[id_] = (line, sku_id, lot_id, bin_id, proof, fresh[id_][5] + units)
        else:
            more[id_] = more.get(id_, 0) + units
        ids.append(id_)
    db.insert(
        ReturnItem,
        ["id", "return_doc", "order_line", "sku", "lot", "bin", "proof", "units"],
        [(id_, return_id, *row) for id_, row in fresh.items()],
    )
    if more:
        db.execute(
            "UPDATE orders_returnitem i SET units = i.units + u.units FROM unnest(%s::bigint[], %s::int[]) u(id, units)"
            " WHERE i.tenant_id = %s AND i.id = u.id",
            db.array(list(more)),
            db.array(list(more.values())),
            current_tenant(),
        )
    return tuple(ids)


def first_bin(facility_id: int, kind: BinKind) -> int:
    """The first active bin of a kind on the walk.  Raises NoQuarantine."""
    found = (
        Bin.objects.filter(facility_id=facility_id, kind=kind, is_active=True)
        .order_by("sequence", "id")
        .values_list("id", flat=True)
        .first()
    )
    if found is None:
        raise NoQuarantine(
            _("这个仓库没有“%(kind)s”的货位，先建一个。") % {"kind": BinKind(kind).label},
            facility_id=facility_id,
            kind=int(kind),
        )
    return int(found)


def _lots(number: str, items: Sequence[ItemInput]) -> list[tuple[int, bool]]:
    """The lot of each item, and whether it is known.  Goods without lots have their one; goods of which nobody can tell get a lot that
    says where they came from.
    """
    tracking = dict(
        db.rows(
            "SELECT id, tracking FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted({item.sku_id for item in items})),
        )
    )
    if tracking.keys() != {item.sku_id for item in items}:
        raise BadOrder(_("没有这个商品。"), code="no_goods", field="sku")
    of_sku = dict(
        db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array([item.lot_id for item in items if item.lot_id]),
        )
    )
    wanted: list[LotInput | None] = []
    for item in items:
        if item.lot_id is not None and of_sku.get(item.lot_id) != item.sku_id:
            raise BadOrder(_("这个批次不是这个商品的。"), code="wrong_lot", field="lot")
        code = item.lot_code.strip() or (NO_LOT if tracking[item.sku_id] == Tracking.NONE else number)
        wanted.append(None if item.lot_id else LotInput(item.sku_id, code, item.expires_on))
    made = find_or_make_lots([one for one in wanted if one])
    return [
        (item.lot_id or made[one.sku_id, one.code], bool(item.lot_id or one.code != number))  # type: ignore[union-attr]
        for item, one in zip(items, wanted, strict=True)
    ]


def _spread(
    item: ItemInput, lot_id: int | None, room: dict[int, tuple[int, int]], sent: Mapping[int, set[int]]
) -> list[tuple[int | None, int]]:
    """Units over the order's lines of that SKU: first those whose lot it is; what no line has room for is nobody's."""
    found: list[tuple[int | None, int]] = []
    left = item.units
    lines = [line for line, (sku_id, _left) in room.items() if sku_id == item.sku_id]
    for line in sorted(lines, key=lambda i: (lot_id not in sent.get(i, ()), i)):
        units = min(left, room[line][1])
        if units > 0:
            room[line] = (item.sku_id, room[line][1] - units)
            found.append((line, units))
            left -= units
    return [*found, (None, left)] if left else found


def tell(topic: str, action: str, return_ids: Sequence[int], actor_id: int | None) -> None:
    """What was done with returns: in the trail, as a fact, on open pages."""
    accounts.record_each(action, "return", {i: {} for i in return_ids}, actor_id=actor_id)
    outbox.emit(topic, {"return_ids": list(return_ids)})
    live.push(current_tenant(), LIVE, list(return_ids))
