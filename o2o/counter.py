"""What a store's phone shows: offers to take, orders to hand over, one order in the state it is in for
this store.
"""

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext as _

from core import crypto, db
from core.crypto import SealBroken
from core.tenancy import current_tenant
from core.web.formats import mask_name, mask_phone, mask_street
from inventory.rules import promise
from o2o import sql
from o2o.errors import NoDispatch
from o2o.market import read_stock
from o2o.models import DispatchStatus, OfferStatus
from o2o.picking import StorePick, list_picks
from o2o.queries import LIST, Goods, seconds_of

log = logging.getLogger(__name__)
RECEIVER = "receiver"  # the purpose the label's copy of the receiver is sealed for


class Face(StrEnum):
    """The states of one order on the phone."""

    OFFER = "offer"
    WON = "won"
    HANDED = "handed"
    LOST = "lost"
    LATE = "late"
    SOLD = "sold"
    GONE = "gone"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """One line of the list; `left_s` of `total_s` seconds."""

    id: int
    order_number: str
    round: int
    left_s: float
    total_s: int
    distance_m: int
    order_ref: int


@dataclass(frozen=True, slots=True)
class ToHandOver:
    id: int
    order_number: str
    order_ref: int
    ship_by: datetime


@dataclass(frozen=True, slots=True)
class StoreDay:
    asked: int
    won: int
    now: datetime


@dataclass(frozen=True, slots=True)
class Door:
    """Where it goes.  Before the grab `street` has no door and there is no person."""

    area: str
    street: str
    name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class StockLine:
    """Goods of the order with what the store could promise and where it lies."""

    goods: Goods
    available: int
    bin: str


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One order as one store sees it."""

    id: int
    order_ref: int
    order_number: str
    face: Face
    round: int
    left_s: float
    total_s: int
    ended_s: float | None
    distance_m: int
    watching: int
    winner: str | None
    ship_by: datetime | None
    now: datetime
    door: Door | None
    lines: tuple[StockLine, ...] = ()
    picks: tuple[StorePick, ...] = ()

    @property
    def units(self) -> int:
        return sum(line.goods.quantity for line in self.lines)


def list_offers(facility_id: int) -> list[OpenOffer]:
    """What the store may take now, the one whose time runs out next first.  One statement."""
    return [
        OpenOffer(id_, number, round_number, left_s, seconds_of(rules, round_number), metres, ref)
        for id_, number, round_number, left_s, rules, metres, ref in db.rows(
            sql.STORE_OFFERS, current_tenant(), facility_id, LIST
        )
    ]


def list_to_hand_over(facility_id: int) -> list[ToHandOver]:
    """What the store has won and not handed over, the earliest promise first.  One statement."""
    tenant_id = current_tenant()
    found = db.rows(sql.STORE_TO_HAND_OVER, tenant_id, facility_id, tenant_id, facility_id)
    return [ToHandOver(*row) for row in found]


def read_day(facility_id: int) -> StoreDay:
    tenant_id = current_tenant()
    return StoreDay(*db.rows(sql.STORE_TODAY, facility_id, tenant_id, tenant_id)[0])


def get_order(dispatch_id: int, facility_id: int) -> OrderSeen:
    """One order as this store sees it now.  Raises NoDispatch, also for one that it was never asked for."""
    found = db.rows(sql.STORE_DISPATCH, facility_id, current_tenant(), dispatch_id)
    if not found:
        raise NoDispatch(_("没有这一单。"), dispatch_id=dispatch_id)
    (
        id_, ref, number, status, round_number, rules, winner_id, winner, left_s, ended_s, offer, why, metres, watching,
        ship_by, label, are_shipped, now,
    ) = found[0]  # fmt: skip
    face = _face(status, winner_id == facility_id, offer, why, left_s or 0.0)
    if face == Face.WON and are_shipped:
        face = Face.HANDED
    return OrderSeen(
        id_, ref, number, face, round_number, max(0.0, left_s or 0.0), seconds_of(rules, round_number), ended_s, metres,
        watching, winner, ship_by, now,
        _door(label, is_open=face == Face.WON) if face in (Face.OFFER, Face.WON) else None,
        lines=_lines(ref, facility_id) if face == Face.OFFER else (),
        picks=tuple(list_picks(ref, facility_id)) if face == Face.WON else (),
    )  # fmt: skip


def _face(status: str, is_mine: bool, offer: str, why: str, left_s: float) -> Face:
    if status == DispatchStatus.WON:
        return Face.WON if is_mine else Face.LOST
    if offer == OfferStatus.CLOSED:
        return {"sold_out": Face.SOLD, "cancelled": Face.GONE}.get(why, Face.DECLINED)
    if status == DispatchStatus.CANCELLED:
        return Face.GONE
    if status == DispatchStatus.OFFERING and offer == OfferStatus.OPEN and left_s > 0:
        return Face.OFFER
    return Face.LATE


def _lines(order_ref: int, facility_id: int) -> tuple[StockLine, ...]:
    found = db.rows(sql.STORE_LINES, facility_id, current_tenant(), order_ref)
    if not found:
        return ()
    stock = read_stock(
        [facility_id], [tuple((day, ((sku_id, units),)) for day, sku_id, _n, _u, units, _b in found)]
    )
    return tuple(
        StockLine(
            Goods(sku_id, name, unit, quantity),
            promise.available(
                [row for row in stock.supplies[facility_id] if row.sku_id == sku_id],
                [row for row in stock.promised[facility_id] if row.sku_id == sku_id],
                day,
            ),
            bin_code,
        )
        for day, sku_id, name, unit, quantity, bin_code in found
    )


def _door(label: bytes | None, *, is_open: bool) -> Door | None:
    """The receiver on the label; without the person and the door while the order is only offered."""
    if label is None:
        return None
    try:
        value = json.loads(crypto.unseal(current_tenant(), RECEIVER, label))
    except (SealBroken, ValueError):
        log.exception("a label cannot be read")
        return None
    area = str(value.get("district") or value.get("city") or "")
    street = str(value.get("street") or "")
    if not is_open:
        return Door(area, mask_street(street))
    return Door(
        area, street, mask_name(str(value.get("name") or "")), mask_phone(str(value.get("phone") or ""))
    )
