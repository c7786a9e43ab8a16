"""The worked tables of docs/rules/pipeline.md go through the real pipeline: a wrong word on the page fails here."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from core.tenancy import tenant
from orders.models import Finding, Order, OrderStatus
from orders.queries import list_parcels
from orders.rules.incoming import IncomingOrder, Receiver
from orders.rules.values import ParcelRule
from orders.services import desk, pipeline
from tests import builders
from tests.docs.rules.test_pages import Row, table

PAGE = "pipeline.md"


def amounts(text: str) -> list[tuple[str, int]]:
    """ "1 kettle, 2 filter" as (code, quantity)."""
    return [
        (code, int(units))
        for units, code in (part.split() for part in text.replace("+", ",").split(",") if part.strip())
    ]


def order_of(row: Row, day: datetime) -> IncomingOrder:
    hour, minute = map(int, row["paid"].split(":"))
    name = f"{row['order']}先生"
    to = (
        builders.receiver(name=name)
        if row["address"] == "yes"
        else Receiver(name, "13900000000", "", "", "", "")
    )
    return builders.incoming(
        *amounts(row["lines"]),
        number=row["order"],
        placed_at=day + timedelta(hours=hour, minutes=minute),
        to=to,
        remark=row["remark"],
    )


def codes(findings: Iterable[Finding]) -> set[str]:
    return {finding.code for finding in findings if finding.cleared_at is None and finding.stops}


def check(row: Row, order: Order) -> None:
    assert OrderStatus(order.status).name == row["status"], row
    assert codes(Finding.objects.filter(order=order.id)) == {
        code.strip() for code in row["findings"].split(",") if code.strip()
    }, row


@pytest.fixture
def shop(tenant_id: int) -> tuple[int, int]:
    """The tenant and its channel, with the goods of the page."""
    with tenant(tenant_id):
        facility_id = builders.make_facility()
        bin_id = builders.make_bin(facility_id)
        for row in table(PAGE, "goods", "parcel rule"):
            weight = None if row["weight g"] == "unknown" else int(row["weight g"])
            rule = int(ParcelRule[row["parcel rule"]])
            sku_id = builders.make_sku(
                code=row["goods"], name=row["goods"], weight_g=weight, parcel_rule=rule
            )
            builders.make_stock(bin_id, sku_id, int(row["stock"]))
        return tenant_id, builders.make_channel(facility_id)


def test_the_worked_chunk(shop: tuple[int, int]) -> None:
    tenant_id, channel_id = shop
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = table(PAGE, "order", "paid")
    done = pipeline.push(
        tenant_id=tenant_id, channel_id=channel_id, incoming=[order_of(row, day) for row in rows]
    )
    ids = done.order_ids or {}
    with tenant(tenant_id):
        orders = Order.objects.in_bulk(ids.values())
        for row in rows:
            check(row, orders[ids[row["order"]]])
            made = sorted(sorted(parcel.items) for parcel in list_parcels(ids[row["order"]]))
            assert made == sorted(
                sorted(amounts(part)) for part in row["parcels"].split(";") if part.strip()
            ), row
    later = table(PAGE, "order", "status", "findings")
    with tenant(tenant_id):
        desk.release(order_ids=[ids[row["order"]] for row in later], actor_id=None)
    with tenant(tenant_id):
        orders = Order.objects.in_bulk(ids.values())
        for row in later:
            check(row, orders[ids[row["order"]]])
