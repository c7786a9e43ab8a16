"""Exchange and reship (换货、补发): a new order in the place of what was wrong with another one, for nothing, through the same pipeline."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import clock, db, live, outbox
from core.db import Rank
from core.services import accounts
from core.tenancy import current_tenant
from orders.errors import BadOrder, NoOrder, NoReturn
from orders.models import FollowKind, FollowUp, Order
from orders.rules.incoming import IncomingLine, IncomingOrder
from orders.services import pipeline
from orders.services.receivers import unseal


@dataclass(frozen=True, slots=True)
class Followed:
    """The order that was made; `is_new` is False when this request had made it before."""

    order_id: int
    number: str
    is_new: bool


def follow(
    *,
    order_id: int,
    kind: FollowKind,
    goods: Sequence[tuple[str, int]],
    request: str,
    reason: str = "",
    return_id: int | None = None,
    actor_id: int | None = None,
) -> Followed:
    """Send goods (merchant code, units) to the receiver of an order, priced 0, as "<number>-R1", "-R2"…, linked to the first order.

    `request` names what it is done for: the same request again is the same order.  Locks the order, then as pipeline.carry.  Raises
    NoOrder, NoReturn (of another order), BadOrder.  Says OrdersFollowed.
    """
    tenant_id = current_tenant()
    if not goods or any(not code or units <= 0 for code, units in goods) or not request or len(request) > 64:
        raise BadOrder(_("补发什么、几件，要填清楚。"), code="no_goods", field="goods")
    head = db.lock(Rank.ORDER, Order, "channel_id, number, receiver, receiver_token", "id = %s", order_id)
    if not head:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    known = _find(request)
    if known is not None:
        return known
    if return_id is not None and not db.rows(
        "SELECT 1 FROM orders_return WHERE tenant_id = %s AND id = %s AND order_id = %s",
        tenant_id,
        return_id,
        order_id,
    ):
        raise NoReturn(_("没有这个退货，或者不归您管。"), return_id=return_id)
    channel_id, number, sealed, token = head[0]
    place = _next_place(order_id)
    external = f"{number[:58]}-R{place}"
    receiver = unseal(tenant_id, bytes(sealed)) if sealed is not None else None
    incoming = IncomingOrder(
        external_number=external,
        placed_at=clock.now(),
        amount_minor=0,
        lines=tuple(IncomingLine(code, units, 0) for code, units in goods),
        raw=_raw(kind, number, request, goods),
        receiver=receiver,
        receiver_token=token,
    )
    made = (pipeline.carry(channel_id=channel_id, incoming=[incoming]).order_ids or {})[external]
    db.insert(
        FollowUp,
        ["id", "order", "first_order", "return_doc", "kind", "place", "request", "reason", "created_by"],
        [(db.new_id(), made, order_id, return_id, int(kind), place, request, reason[:200], actor_id)],
    )
    accounts.record(
        "follow",
        "order",
        order_id,
        actor_id=actor_id,
        detail={"order": made, "kind": kind.name, "reason": reason},
    )
    outbox.emit("OrdersFollowed", {"order_ids": [made], "first_order_ids": [order_id]})
    live.push(tenant_id, "order", [order_id, made])
    return Followed(made, external, is_new=True)


def _raw(kind: FollowKind, number: str, request: str, goods: Sequence[tuple[str, int]]) -> str:
    """What stands in the place of a platform's text."""
    said = {"kind": kind.name, "first": number, "request": request, "goods": [list(pair) for pair in goods]}
    return json.dumps(said, ensure_ascii=False)


def _find(request: str) -> Followed | None:
    found = db.rows(
        "SELECT f.order_id, o.number FROM orders_followup f JOIN orders_order o ON o.tenant_id = f.tenant_id AND o.id = f.order_id"
        " WHERE f.tenant_id = %s AND f.request = %s",
        current_tenant(),
        request,
    )
    return Followed(found[0][0], found[0][1], is_new=False) if found else None


def _next_place(order_id: int) -> int:
    return int(
        db.rows(
            "SELECT coalesce(max(place), 0) + 1 FROM orders_followup WHERE tenant_id = %s AND first_order_id = %s",
            current_tenant(),
            order_id,
        )[0][0]
    )
