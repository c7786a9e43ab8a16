"""The worked tables of docs/rules/ready_now.md go through the real pipeline: a wrong word on the page fails here."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from core import options, relay
from core.tenancy import tenant
from inventory.models import Sku
from orders import options as settings
from orders.models import Order, OrderLine, OrderStatus
from orders.queries import list_parcels
from orders.rules.values import ParcelRule
from orders.services import pipeline
from tests import builders, laws
from tests.docs.rules.test_pages import Row, table
from tests.orders.test_pipeline_page import amounts

PAGE = "ready_now.md"


def check(row: Row, ids: dict[str, int], parcels: str, waits: str) -> None:
    order = Order.objects.get(id=ids[row["order"]])
    made = [parcel.items for parcel in list_parcels(order.id) if not parcel.is_cancelled]
    left = Counter(
        {
            line.sku.name: line.quantity
            for line in OrderLine.objects.filter(order=order.id).select_related("sku")
            if line.sku
        }
    )
    left.subtract(_sum(made))
    assert OrderStatus(order.status).name == row["status"], row
    said = [amounts(part) for part in row[parcels].split(";") if part.strip()]
    assert sorted(map(sorted, made)) == sorted(map(sorted, said)), row
    assert +left == Counter(dict(amounts(row[waits]))), row


def _sum(made: list[list[tuple[str, int]]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for items in made:
        for name, units in items:
            total[name] += units
    return total


def test_the_worked_orders(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id = builders.make_facility()
        bin_id = builders.make_bin(facility_id)
        for row in table(PAGE, "goods", "parcel rule"):
            rule = int(ParcelRule[row["parcel rule"]])
            sku_id = builders.make_sku(code=row["goods"], name=row["goods"], parcel_rule=rule)
            if int(row["stock"]):
                builders.make_stock(bin_id, sku_id, int(row["stock"]))
        channel_id = builders.make_channel(facility_id)
        options.put(settings.READY_NOW, True)
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = table(PAGE, "order", "paid")
    incoming = [
        builders.incoming(
            *amounts(row["lines"]),
            number=row["order"],
            placed_at=day + timedelta(hours=int(row["paid"][:2])),
            to=builders.receiver(name=f"{row['order']}先生"),
        )
        for row in first
    ]
    done = pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=incoming)
    ids = dict(done.order_ids or {})
    with tenant(tenant_id):
        for row in first:
            check(row, ids, "parcels now", "waits")
        for code, units in (("vacuum", 4), ("safe", 1)):
            builders.make_stock(bin_id, Sku.objects.get(code=code).id, units)
    assert laws.broken(tenant_id) == []
    relay.deliver(tenant_id)
    with tenant(tenant_id):
        for row in table(PAGE, "order", "status", "parcels then"):
            check(row, ids, "parcels then", "waits then")
    assert laws.broken(tenant_id) == []
