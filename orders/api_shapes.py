"""What orders look like in JSON, in and out."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import serializers

from core.api.fields import (
    IdField,
    InstantField,
    MoneyField,
    PlainText,
    QuantityField,
    WordField,
    batch,
    refuse_twice,
)
from orders.models import ChannelState, InvoiceContent, OrderStatus
from orders.rules.invoices import EMAIL_MOST, TITLE_MOST

MAX_BATCH = 1_000
MAX_LINES = 500
IDS = ("item", "variant")  # an order without them is kept as before they could be said
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class OrderLineRow(serializers.Serializer[Any]):
    id = IdField()
    sku_id = IdField(allow_null=True, help_text="null: not mapped yet, see external_code")
    external_code = serializers.CharField()
    external_item = serializers.CharField(help_text="the platform's id, of a line that is not mapped yet")
    external_variant = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = MoneyField(source="unit_price_minor")


class FindingRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    stops = serializers.BooleanField()
    detail = serializers.DictField()
    opened_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)


class OrderRow(serializers.Serializer[Any]):
    """The ERP's order.  The receiver is masked; unmasking is a person's act and leaves a trace."""

    id = IdField()
    number = serializers.CharField()
    channel_id = IdField()
    facility_id = IdField()
    status = WordField(OrderStatus)
    priority = serializers.IntegerField()
    receiver_mask = serializers.CharField()
    division_code = serializers.CharField()
    remark = serializers.CharField()
    seller_remark = serializers.CharField()
    currency = serializers.CharField()
    amount = MoneyField(source="amount_minor")
    charge = MoneyField(source="charge_minor")
    discount = MoneyField(source="discount_minor")
    min_expires_on = serializers.DateField()
    placed_at = serializers.DateTimeField()
    ship_by = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    shipped_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    lines = OrderLineRow(many=True)
    findings = FindingRow(many=True)


class ChannelRow(serializers.Serializer[Any]):
    id = IdField()
    code = serializers.CharField()
    name = serializers.CharField()
    platform = serializers.CharField()
    facility_id = IdField()
    currency = serializers.CharField()
    needs_address = serializers.BooleanField()
    is_o2o = serializers.BooleanField()
    min_days = serializers.IntegerField()
    ship_within_h = serializers.IntegerField()
    ready_now = serializers.BooleanField(
        allow_null=True, help_text="short orders send what is there; null: as the tenant says"
    )
    is_active = serializers.BooleanField()


class ChannelOrderRow(serializers.Serializer[Any]):
    id = IdField()
    channel_id = IdField()
    external_number = serializers.CharField()
    order_id = IdField(allow_null=True)
    state = WordField(ChannelState)
    version = serializers.IntegerField()
    import_id = IdField(source="import_ref", allow_null=True)
    received_at = serializers.DateTimeField()


class AmountField(serializers.DecimalField):
    """An amount in whole units of the channel's currency, not below 0: a text, or a number with a point."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, decimal_places=3, min_value=Decimal(0), **kwargs)


class ReceiverShape(serializers.Serializer[Any]):
    """Who gets it.  `is_masked`: the platform hid part of it."""

    name = PlainText(max_length=100)
    phone = PlainText(max_length=40, allow_blank=True)
    province = PlainText(max_length=40, allow_blank=True)
    city = PlainText(max_length=40, allow_blank=True)
    district = PlainText(max_length=40, allow_blank=True, default="")
    street = PlainText(max_length=300, allow_blank=True)
    is_masked = serializers.BooleanField(default=False)


class IncomingLineShape(serializers.Serializer[Any]):
    """`code`: the merchant's code or a barcode; `item` and `variant`: the platform's own ids, which count where nobody knows the code.

    Unknown goods are taken: the order stops with a finding that says so.
    """

    code = PlainText(
        max_length=64, allow_blank=True, default="", help_text="may be empty where `item` is not"
    )
    item = PlainText(max_length=64, allow_blank=True, default="", help_text="the platform's id of the goods")
    variant = PlainText(
        max_length=64, allow_blank=True, default="", help_text="and of the variant, where it has several"
    )
    quantity = QuantityField()
    unit_price = AmountField()

    default_error_messages = {"no_goods": gettext_lazy("商家编码和平台商品 ID 至少写一个。")}

    def validate(self, line: dict[str, Any]) -> dict[str, Any]:
        if not line["code"] and not line["item"]:
            raise serializers.ValidationError({"code": [self.error_messages["no_goods"]]}, code="no_goods")
        return {name: value for name, value in line.items() if value or name not in IDS}


class TitleKind(IntEnum):
    PERSON = 1
    COMPANY = 2


class InvoiceWishShape(serializers.Serializer[Any]):
    """An invoice that the buyer asks for.  A company has a tax number.  We issue none: the merchant's invoicing program does."""

    title = PlainText(max_length=TITLE_MOST)
    kind = WordField(TitleKind, default=TitleKind.PERSON.value)
    tax_number = PlainText(max_length=32, allow_blank=True, default="")
    email = PlainText(max_length=EMAIL_MOST, allow_blank=True, default="")
    content = WordField(InvoiceContent, default=InvoiceContent.DETAIL.value)
    amount = serializers.DecimalField(
        max_digits=15,
        decimal_places=3,
        min_value=Decimal(0),
        allow_null=True,
        default=None,
        help_text="null: all that was paid, less what goes back",
    )


class IncomingOrderShape(serializers.Serializer[Any]):
    """One paid channel order."""

    external_number = PlainText(max_length=64)
    placed_at = InstantField()
    amount = AmountField(help_text="what the buyer paid")
    charge = AmountField(default=Decimal(0), help_text="freight and other charges in `amount`")
    discount = AmountField(default=Decimal(0), help_text="discounts taken off in `amount`")
    lines = batch(IncomingLineShape(), most=MAX_LINES)
    receiver = ReceiverShape(allow_null=True, default=None)
    remark = PlainText(max_length=2_000, allow_blank=True, default="")
    seller_remark = PlainText(max_length=2_000, allow_blank=True, default="")
    state = WordField(ChannelState, default=ChannelState.PAID.value)
    invoice = InvoiceWishShape(
        allow_null=True, default=None, help_text="kept with its problems, if it has some"
    )

    default_error_messages = {
        "not_paid": gettext_lazy("只收已付款的单。"),
        "far_date": gettext_lazy("下单时间要在 2000 到 2100 年之间。"),
    }

    def validate_state(self, state: int) -> int:
        if state != ChannelState.PAID:
            self.fail("not_paid")
        return state

    def validate_placed_at(self, at: datetime) -> datetime:
        if not FIRST <= at < LAST:
            self.fail("far_date")
        return at


class OrderBatch(serializers.Serializer[Any]):
    channel = PlainText(max_length=32, help_text="code of the channel")
    orders = batch(IncomingOrderShape(), most=MAX_BATCH)

    def validate_orders(self, orders: list[dict[str, Any]]) -> list[dict[str, Any]]:
        refuse_twice([order["external_number"] for order in orders], _("订单号"))
        return orders


class OrderBatchResult(serializers.Serializer[Any]):
    """What came of the batch.  `stopped` of the `created` ones wait for a person: see their findings."""

    created = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    changed = serializers.IntegerField()
    stopped = serializers.IntegerField()
    parcels = serializers.IntegerField()
    order_ids = serializers.DictField(child=IdField(), help_text="external number → order")
