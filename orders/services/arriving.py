"""A parcel at the returns desk: whose it is, by whatever is printed on it, and that it is here now."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils.translation import gettext as _

from core import clock, db, numbers
from core.db import Rank
from core.tenancy import current_tenant
from orders.errors import BadOrder, NoOrder, NotReturnable, SeveralOrders
from orders.models import Order, Return, ReturnState
from orders.services.returns import KIND, fold_tracking, tell

_NUMBERED = """
    SELECT DISTINCT order_id FROM orders_channelorder
    WHERE tenant_id = %s AND external_number = ANY (%s::text[]) AND order_id IS NOT NULL
"""
_OF_ORDER = "SELECT id, state FROM orders_return WHERE tenant_id = %s AND order_id = %s AND state IN (1, 3) ORDER BY state, id LIMIT 1"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A parcel at the desk.  `is_new`: it was not there before; `is_known`: somebody knows whose it is."""

    return_id: int
    is_new: bool
    is_known: bool


@dataclass(frozen=True, slots=True)
class _Sent:
    """Where the goods of a parcel came from.  `tracking`: the number that tells this parcel from others, or empty."""

    order_id: int | None
    parcel_id: int | None
    tracking: str


def arrive(
    *,
    facility_id: int,
    tracking_number: str,
    actor_id: int | None,
    note: str = "",
    order_id: int | None = None,
) -> Arrived:
    """A parcel lies on the desk.  What was scanned is asked, in this order, as: the number of a return's way back, a return's own number,
    the number with which a parcel of ours left, a parcel's own number (P…), an order's number.  Else nobody knows whose it is (无主件).

    Scanned again it is the same; by an order's number it is the order's return that is open.  `order_id` chooses among orders of that
    number.  Locks the return, or the order where only that is known.  Raises BadOrder without a number, SeveralOrders, and NotReturnable
    for an order or a parcel that has not left.
    """
    tracking = fold_tracking(tracking_number)
    if not tracking:
        raise BadOrder(_("没扫到快递单号，再扫一次。"), code="no_tracking", field="tracking_number")
    known = _find(tracking)
    if known is None:
        sent = _find_sent(tracking, tracking_number.strip(), order_id)
        known = _find(sent.tracking) if sent.tracking != tracking and sent.tracking else None
        if known is None:
            if sent.order_id is not None and not sent.tracking:
                return _by_order(sent.order_id, sent.parcel_id, facility_id, actor_id, note)
            try:
                with db.savepoint():
                    return _first(sent, facility_id, actor_id, note)
            except IntegrityError:  # another desk was faster by a moment
                known = _find(sent.tracking)
                if known is None:
                    raise
    return _here(*known, facility_id, actor_id, note)


def _find(text: str) -> tuple[int, int] | None:
    """A return by the number of its way back, else by its own."""
    found = db.rows(
        "SELECT id, state FROM (SELECT id, state, 1 AS place FROM orders_return WHERE tenant_id = %s AND tracking_number = %s"
        " AND state <> 5 UNION ALL SELECT id, state, 2 FROM orders_return WHERE tenant_id = %s AND number = %s AND state <> 5) r"
        " ORDER BY place LIMIT 1",
        current_tenant(),
        text,
        current_tenant(),
        text,
    )
    return found[0] if found else None


def _here(return_id: int, state: int, facility_id: int, actor_id: int | None, note: str) -> Arrived:
    db.lock(Rank.DOCUMENT, Return, "id", "id = %s", return_id)
    if state == ReturnState.EXPECTED:
        _receive(return_id, facility_id, actor_id, note)
    return Arrived(return_id, state == ReturnState.EXPECTED, state != ReturnState.UNKNOWN)


def _find_sent(tracking: str, text: str, order_id: int | None) -> _Sent:
    """The parcel or the order with this number; neither: nobody's, told apart by what was scanned."""
    parcel = _find_parcel(tracking)
    if parcel is not None:
        parcel_id, owner_id, status, left_with = parcel
        if status != 4:  # shipped
            raise NotReturnable(_("包裹 P%(id)s 还没发走，不用收。") % {"id": parcel_id}, parcel_id=parcel_id)
        return _Sent(owner_id, parcel_id, left_with or ("" if owner_id else tracking))
    found = [id_ for (id_,) in db.rows(_NUMBERED, current_tenant(), db.array([text, tracking]))]
    if order_id is not None:
        found = [id_ for id_ in found if id_ == order_id]
        if not found:
            raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    if len(found) > 1:
        found = _left(found) or found[:1]
    if len(found) > 1:
        raise SeveralOrders(_("有 %(n)d 张单是这个号，是哪一张？") % {"n": len(found)}, order_ids=found)
    return _Sent(found[0], None, "") if found else _Sent(None, None, tracking)


def _find_parcel(tracking: str) -> tuple[int, int, int, str | None] | None:
    """Of ours: by the number with which it left, the latest first, else by P and its id."""
    bare = tracking.removeprefix("P").removeprefix("-")
    is_own = tracking.startswith("P") and bare.isascii() and bare.isdecimal() and len(bare) < 16
    found = db.rows(
        "SELECT id, ref, status, tracking_number FROM (SELECT id, ref, status::int, tracking_number, shipped_at, 1 AS place"
        " FROM warehouse_parcel WHERE tenant_id = %s AND tracking_number = %s AND status = 4 UNION ALL SELECT id, ref, status::int,"
        " tracking_number, shipped_at, 2 FROM warehouse_parcel WHERE tenant_id = %s AND id = %s) p ORDER BY place, shipped_at DESC LIMIT 1",
        current_tenant(),
        tracking,
        current_tenant(),
        int(bare) if is_own else 0,
    )
    return found[0] if found else None


def _first(sent: _Sent, facility_id: int, actor_id: int | None, note: str) -> Arrived:
    """A number that no return has: a parcel of ours that came straight back, or an unknown one."""
    if sent.order_id is not None:
        waiting = db.rows(
            "SELECT id FROM orders_return WHERE tenant_id = %s AND order_id = %s AND state = %s ORDER BY id LIMIT 1",
            current_tenant(),
            sent.order_id,
            int(ReturnState.EXPECTED),
        )
        if waiting:
            id_ = waiting[0][0]
            db.lock(Rank.DOCUMENT, Return, "id", "id = %s", id_)
            db.execute(
                "UPDATE orders_return SET tracking_number = %s, parcel_id = %s WHERE tenant_id = %s AND id = %s",
                sent.tracking,
                sent.parcel_id,
                current_tenant(),
                id_,
            )
            _receive(id_, facility_id, actor_id, note)
            return Arrived(id_, is_new=True, is_known=True)
    return _make(sent, facility_id, actor_id, note)


def _by_order(
    order_id: int, parcel_id: int | None, facility_id: int, actor_id: int | None, note: str
) -> Arrived:
    """Only the order is known, by its number or by a parcel that left without one: its return that is waited for, else the one that is
    being looked at, else a new one.
    """
    known = db.rows(_OF_ORDER, current_tenant(), order_id)
    if known:
        return_id, state = known[0]
        return _here(return_id, state, facility_id, actor_id, note)
    db.lock(Rank.ORDER, Order, "id", "id = %s", order_id)
    if db.rows(_OF_ORDER, current_tenant(), order_id):  # made while we waited for the order
        raise NotReturnable(_("刚有人动了这张单，再扫一次。"), order_id=order_id)
    if parcel_id is None and not _left([order_id]):
        raise NotReturnable(_("这张单没有发走的货，不用收。"), order_id=order_id)
    return _make(_Sent(order_id, parcel_id, ""), facility_id, actor_id, note)


def _left(order_ids: Sequence[int]) -> list[int]:
    """Orders of which something has left, also in a parcel that they share."""
    found = db.rows(
        "SELECT DISTINCT o.id FROM orders_order o JOIN warehouse_parcel p ON p.tenant_id = o.tenant_id"
        " AND p.ref = coalesce(o.merged_into_id, o.id) AND p.status = 4 WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) ORDER BY 1",
        current_tenant(),
        db.array(order_ids),
    )
    return [id_ for (id_,) in found]


def _make(sent: _Sent, facility_id: int, actor_id: int | None, note: str) -> Arrived:
    id_, now = db.new_id(), clock.now()
    state = ReturnState.RECEIVED if sent.order_id else ReturnState.UNKNOWN
    db.insert(
        Return,
        ["id", "number", "order", "parcel", "facility", "tracking_number", "state", "note", "created_by", "received_at", "received_by"],
        [(id_, numbers.new_number(KIND), sent.order_id, sent.parcel_id, facility_id, sent.tracking, int(state), note[:500], actor_id, now,
          actor_id)],
    )  # fmt: skip
    _tell_here([id_], actor_id)
    return Arrived(id_, is_new=True, is_known=sent.order_id is not None)


def _receive(return_id: int, facility_id: int, actor_id: int | None, note: str) -> None:
    db.execute(
        "UPDATE orders_return SET state = %s, facility_id = %s, received_at = clock_timestamp(), received_by = %s,"
        " note = CASE WHEN %s = '' THEN note ELSE %s END WHERE tenant_id = %s AND id = %s AND state = %s",
        int(ReturnState.RECEIVED),
        facility_id,
        actor_id,
        note[:500],
        note[:500],
        current_tenant(),
        return_id,
        int(ReturnState.EXPECTED),
    )
    _tell_here([return_id], actor_id)


def _tell_here(return_ids: Sequence[int], actor_id: int | None) -> None:
    tell("ReturnsReceived", "receive_return", return_ids, actor_id)
