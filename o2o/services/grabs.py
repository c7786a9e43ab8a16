"""The grab: exactly one store wins, under any concurrency.

One transaction: lock the dispatch, look at what is true under the lock, move parcels and promises to the
store (both facilities locked in order), write the end, say the fact.  Whoever comes later finds the end and
is told who was first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from core import db, outbox
from core.tenancy import current_tenant
from o2o.errors import NoDispatch, OfferGone, StockGone, TakenByOther, TooLate
from o2o.models import DispatchStatus, OfferStatus
from o2o.services import rows
from o2o.services.rows import SOLD_OUT
from warehouse.services import parcels as warehouse_parcels

STATE = """
    SELECT d.order_ref, d.status, d.winner_id, w.name, d.deadline > clock_timestamp(), o.status, o.reason
    FROM o2o_dispatch d
    LEFT JOIN o2o_offer o ON o.tenant_id = d.tenant_id AND o.dispatch_id = d.id AND o.facility_id = %s
    LEFT JOIN inventory_facility w ON w.tenant_id = d.tenant_id AND w.id = d.winner_id
    WHERE d.tenant_id = %s AND d.id = %s
"""


@dataclass(frozen=True, slots=True)
class GrabResult:
    """What a tap came to.  `is_repeat`: this store had won before.

    `refusal` is set when the store had the offer but not the goods any more: the offer is closed, and that
    must commit, so it is a value here.  Every other refusal is raised.
    """

    dispatch_id: int
    order_ref: int
    facility_id: int
    is_repeat: bool = False
    refusal: StockGone | None = None

    @property
    def is_won(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True, slots=True)
class _State:
    order_ref: int
    status: str
    winner_id: int | None
    winner: str | None
    is_in_time: bool | None
    offer_status: str | None
    offer_reason: str | None


def grab(*, dispatch_id: int, facility_id: int, actor_id: int | None) -> GrabResult:
    """The store takes the order, if nobody has it, its own offer is open and the deadline has not passed by
    the database's clock.

    Locks the dispatch, the order's parcels, then the promises of both facilities.  Says DispatchesWon.  A
    repeated tap by the winner has won again.  Raises NoDispatch, TakenByOther (`store` names the winner),
    TooLate, OfferGone.
    """
    seen = _state(dispatch_id, facility_id)
    if (
        seen.status == DispatchStatus.OFFERING
    ):  # an end is for ever, so only a running one is worth the queue for its lock
        rows.lock([dispatch_id])
        seen = _state(
            dispatch_id, facility_id
        )  # a statement of its own: what waited may have read the clock and the offer too early
    if seen.status == DispatchStatus.WON and seen.winner_id == facility_id:
        return GrabResult(dispatch_id, seen.order_ref, facility_id, is_repeat=True)
    _refuse(seen, dispatch_id)
    if not warehouse_parcels.move_waiting(order_ref=seen.order_ref, to_facility=facility_id):
        rows.close_offers({(dispatch_id, facility_id): SOLD_OUT})
        rows.hurry([dispatch_id])
        rows.tell([dispatch_id])
        return GrabResult(dispatch_id, seen.order_ref, facility_id, refusal=_stock_gone(dispatch_id))
    _win(dispatch_id, facility_id, actor_id)
    rows.record("grab", dispatch_id, actor_id, facility_id=facility_id)
    won: Mapping[str, Any] = {
        "dispatch_ids": [dispatch_id],
        "order_refs": [seen.order_ref],
        "facility_ids": [facility_id],
    }
    outbox.emit("DispatchesWon", won)
    rows.tell([dispatch_id])
    return GrabResult(dispatch_id, seen.order_ref, facility_id)


def _state(dispatch_id: int, facility_id: int) -> _State:
    found = db.rows(STATE, facility_id, current_tenant(), dispatch_id)
    if not found:
        raise NoDispatch(_("没有这一单。"), dispatch_id=dispatch_id)
    return _State(*found[0])


def _refuse(seen: _State, dispatch_id: int) -> None:
    """Raises the reason why this store cannot take it; returns when it can."""
    if seen.offer_status is None:
        raise OfferGone(_("这一单没有问过您的店。"), dispatch_id=dispatch_id, reason="")
    if seen.status == DispatchStatus.WON:
        raise TakenByOther(
            _("被%(store)s抢走了。库存没动，不用做什么。") % {"store": seen.winner},
            dispatch_id=dispatch_id,
            store=seen.winner,
        )
    if seen.status == DispatchStatus.CANCELLED:
        raise OfferGone(
            _("买家取消了这一单。库存没动，不用做什么。"), dispatch_id=dispatch_id, reason="cancelled"
        )
    if seen.offer_status == OfferStatus.CLOSED:
        if seen.offer_reason == SOLD_OUT:
            raise _stock_gone(dispatch_id)
        raise OfferGone(_("您的店说过不接这一单。"), dispatch_id=dispatch_id, reason=seen.offer_reason)
    if seen.status != DispatchStatus.OFFERING or seen.offer_status != OfferStatus.OPEN or not seen.is_in_time:
        raise TooLate(_("到点了，这一单没抢。库存没动，不用做什么。"), dispatch_id=dispatch_id)


def _stock_gone(dispatch_id: int) -> StockGone:
    return StockGone(_("店里的货不够了，这一单没抢。别的店还在看。"), dispatch_id=dispatch_id)


def _win(dispatch_id: int, facility_id: int, actor_id: int | None) -> None:
    db.execute(
        "UPDATE o2o_offer SET status = CASE WHEN facility_id = %s THEN 'WON' ELSE 'LOST' END, closed_at = clock_timestamp()"
        " WHERE tenant_id = %s AND dispatch_id = %s AND status = 'OPEN'",
        facility_id,
        current_tenant(),
        dispatch_id,
    )
    db.execute(
        "UPDATE o2o_dispatch SET status = 'WON', winner_id = %s, won_by = %s, deadline = NULL, ended_at = clock_timestamp(),"
        " version = version + 1 WHERE tenant_id = %s AND id = %s",
        facility_id,
        actor_id,
        current_tenant(),
        dispatch_id,
    )
