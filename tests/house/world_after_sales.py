"""A row of everything that comes after a sale."""

from django.db import models

from core import db
from inventory.models import BinKind, Facility, Sku
from orders.models import (
    Channel,
    FollowKind,
    FollowUp,
    InvoiceRequest,
    Order,
    OrderLine,
    Refund,
    RefundBack,
    RefundBooking,
    RefundLine,
    RefundState,
    Return,
    ReturnItem,
    ShipBackState,
)
from orders.rules.invoices import InvoiceWish
from orders.services import arriving, invoices, refund_money, returns
from orders.services.invoices import InvoiceInput
from orders.services.refunds import RefundInput, ask
from orders.services.returns import ItemInput
from tests import builders as make

Ids = dict[type[models.Model], int]
ARGUMENTS: dict[str, type[models.Model]] = {
    "return_id": Return,
    "refund_id": Refund,
    "invoice_id": InvoiceRequest,
}


def make_refund(ids: Ids) -> None:
    """Money of an order, agreed and booked."""
    one = RefundInput(ids[Order], "RF-1", 100, state=RefundState.AGREED)
    ids[Refund] = ask(refunds=[one]).new[0]
    row = RefundLine(refund_id=ids[Refund], order_line_id=ids[OrderLine])
    row.pk = ids[RefundLine] = db.new_id()
    row.save(force_insert=True)
    ids[RefundBooking] = int(RefundBooking.objects.values_list("id", flat=True)[0])
    assert refund_money.list_claimed([ids[Order]]) == {ids[Order]: 100}
    follow = FollowUp(
        order_id=Order.objects.get(number="T-open").id,
        first_order_id=ids[Order],
        kind=FollowKind.RESHIP,
        place=1,
        request="R-1",
    )
    follow.pk = ids[FollowUp] = db.new_id()
    follow.save(force_insert=True)
    make_refund_back(ids)


def make_refund_back(ids: Ids) -> None:
    """A decision that its platform was told."""
    row = RefundBack(
        channel_id=ids[Channel],
        refund_id=ids[Refund],
        is_agreed=True,
        state=ShipBackState.REFUSED,
        code="decided_otherwise",
    )
    row.pk = ids[RefundBack] = db.new_id()
    row.save(force_insert=True)


def make_invoice(ids: Ids) -> None:
    """One that waits for its number, of an order that is paid."""
    order_id = Order.objects.get(number="T-open").id
    ids[InvoiceRequest] = invoices.ask(asked=[InvoiceInput(order_id, InvoiceWish("个人"))])[order_id]


def make_return(ids: Ids) -> None:
    """A parcel that nobody knows, with goods that wait for a look."""
    make.make_bin(ids[Facility], BinKind.QUARANTINE)
    came = arriving.arrive(facility_id=ids[Facility], tracking_number="SF-1", actor_id=None)
    ids[Return] = came.return_id
    ids[ReturnItem] = returns.take_in(
        return_id=came.return_id, items=[ItemInput(ids[Sku], 1)], actor_id=None
    )[0]
