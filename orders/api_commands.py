"""From an order as an integrator sends it to the one shape that the pipeline takes."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.serializers import ValidationError

from core.api.fields import to_minor
from orders.api_shapes import TitleKind
from orders.models import Channel, InvoiceContent
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver, code_by_ids
from orders.rules.invoices import InvoiceWish, fold_tax_number
from orders.services import pipeline
from orders.services.pipeline import ProcessResult


def push_orders(channel_code: str, orders: Sequence[Mapping[str, Any]]) -> ProcessResult:
    """Take a batch of channel orders in the open scope: all of them or none.

    Idempotent on (channel, external number).  Raises ValidationError that names every amount its currency cannot say.
    """
    channel = Channel.objects.filter(code=channel_code, is_active=True).first()
    if channel is None:
        raise ValidationError({"channel": [_("没有这个店铺，或已停用。")]}, code="unknown")
    incoming = _incoming(orders, channel.currency)
    return pipeline.carry(channel_id=channel.id, incoming=incoming)


def _incoming(orders: Sequence[Mapping[str, Any]], currency: str) -> list[IncomingOrder]:
    found: list[IncomingOrder] = []
    errors: list[dict[str, Any]] = []
    for order in orders:
        try:
            found.append(_one(order, currency))
            errors.append({})
        except ValidationError as problem:
            errors.append({"amount": problem.detail})
    if any(errors):
        raise ValidationError({"orders": errors})
    return found


def _one(order: Mapping[str, Any], currency: str) -> IncomingOrder:
    receiver = order["receiver"]
    return IncomingOrder(
        external_number=order["external_number"],
        placed_at=order["placed_at"],
        amount_minor=to_minor(order["amount"], currency),
        charge_minor=to_minor(order["charge"], currency),
        discount_minor=to_minor(order["discount"], currency),
        lines=tuple(_line(line, to_minor(line["unit_price"], currency)) for line in order["lines"]),
        raw=raw_text(order),
        receiver=None if receiver is None else Receiver(**receiver),
        remark=order["remark"],
        seller_remark=order["seller_remark"],
        state=order["state"],
        invoice=None if order["invoice"] is None else wish_of(order["invoice"], currency),
    )


def wish_of(asked: Mapping[str, Any], currency: str) -> InvoiceWish:
    """An invoice as it is asked for over the API.  Raises ValidationError for an amount its currency cannot say."""
    amount = asked["amount"]
    return InvoiceWish(
        " ".join(asked["title"].split()),
        asked["kind"] == TitleKind.COMPANY,
        fold_tax_number(asked["tax_number"]),
        asked["email"].strip(),
        is_detailed=asked["content"] == InvoiceContent.DETAIL,
        amount_minor=None if amount is None else to_minor(amount, currency),
    )


def _line(line: Mapping[str, Any], unit_price_minor: int) -> IncomingLine:
    item, variant = line.get("item", ""), line.get("variant", "")
    code = line["code"] or code_by_ids(item, variant)
    return IncomingLine(code, line["quantity"], unit_price_minor, None, item, variant)


def raw_text(order: Mapping[str, Any]) -> str:
    """The order as it was understood, in one spelling: the same order sent again is the same text."""
    said = {name: value for name, value in order.items() if name != "invoice" or value is not None}
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_text)


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value.normalize())
    return str(value.astimezone(UTC).isoformat())
