"""Telling the shop what left: oscar's shipping events over its API, which has none.  Saying a number again changes nothing.

POST {"order", "number", "company", "lines": [{"line", "quantity"}]}; without lines: all that has not left.  GET ?order= lists them.
Staff with the right to add orders may, as everywhere in the API's admin part.
"""

from typing import Any

from django.db import transaction
from oscar.core.loading import get_class, get_model
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import DjangoModelPermissions
from rest_framework.request import Request
from rest_framework.response import Response

Order = get_model("order", "Order")
EventType = get_model("order", "ShippingEventType")
EventHandler = get_class("order.processing", "EventHandler")
InvalidShippingEvent = get_class("order.exceptions", "InvalidShippingEvent")
SHIPPED = "Shipped"


class MayShip(DjangoModelPermissions):
    """Staff that may change orders; reading asks for the right to see them."""

    perms_map = {"GET": ["order.view_order"], "POST": ["order.change_order"], "OPTIONS": []}

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = self.perms_map.get(request.method or "")
        user: Any = request.user
        return bool(needed and user.is_staff and user.has_perms(needed))


def _refuse(status: int, code: str, detail: str) -> Response:
    return Response({"code": code, "detail": detail}, status)


@transaction.atomic
def handle(request: Request) -> Response:
    """One shipping event a number, and the order's status by what has left."""
    said: Any = request.data if request.method == "POST" else request.query_params
    order = Order.objects.select_for_update().filter(number=str(said.get("order"))).first()
    if order is None:
        return _refuse(404, "no_order", "no such order")
    if request.method == "GET":
        return Response({"status": order.status, "shipments": [_show(e) for e in _events(order)]})
    number, company = str(said.get("number") or "").strip(), str(said.get("company") or "").strip()
    if not number or " " in number:
        return _refuse(400, "bad_number", "a tracking number is needed")
    is_known = any(_show(event)["number"] == number for event in _events(order))
    reference = f"{company} {number}".strip()
    if not is_known and (problem := _ship(request, order, reference, said.get("lines") or [])):
        return problem
    return Response({"order": order.number, "number": number, "status": order.status})


def _events(order: Any) -> Any:
    return order.shipping_events.filter(event_type__name=SHIPPED).order_by("id")


def _show(event: Any) -> dict[str, Any]:
    company, _space, number = event.notes.rpartition(" ")
    lines = [{"line": q.line_id, "quantity": q.quantity} for q in event.line_quantities.order_by("line_id")]
    return {"number": number, "company": company, "lines": lines}


def _ship(request: Request, order: Any, reference: str, wanted: list[dict[str, int]]) -> Response | None:
    shipped, _made = EventType.objects.get_or_create(name=SHIPPED)
    by_id = {line.id: line for line in order.lines.all()}
    left = {id_: line.quantity - line.shipping_event_quantity(shipped) for id_, line in by_id.items()}
    units = {int(one["line"]): int(one["quantity"]) for one in wanted} or {i: n for i, n in left.items() if n}
    if not units or not units.keys() <= by_id.keys() or any(n < 1 for n in units.values()):
        return _refuse(409, "nothing_left", "no such lines, or nothing left of them")
    handler = EventHandler(request.user)
    try:
        handler.handle_shipping_event(
            order, shipped, [by_id[i] for i in units], list(units.values()), reference=reference
        )
    except InvalidShippingEvent as problem:
        transaction.set_rollback(True)
        return _refuse(409, "too_many", str(problem))
    if order.status == "Pending":
        handler.handle_order_status_change(order, "Being processed")
    if all(left[i] == units.get(i, 0) for i in left):
        handler.handle_order_status_change(order, "Complete")
    return None


view = api_view(["GET", "POST"])(permission_classes([MayShip])(handle))
