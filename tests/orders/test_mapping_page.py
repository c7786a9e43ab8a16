"""The worked table of docs/rules/mapping.md goes through the real pipeline: a wrong word on the page fails here."""

from dataclasses import replace

from core.tenancy import tenant
from inventory.services.bundles import BundleInput, save_bundles
from orders.models import OrderLine
from orders.rules.incoming import IncomingLine, code_by_ids
from orders.services import mapping, pipeline
from orders.services.stock_setup import ListingInput, save_listings
from tests import builders
from tests.docs.rules.test_pages import table


def test_the_worked_lines(tenant_id: int) -> None:
    with tenant(tenant_id):
        facility_id = builders.make_facility()
        channel_id = builders.make_channel(facility_id)
        skus = {code: builders.make_sku(code=code) for code in ("A", "B", "C")}
        save_bundles([BundleInput("SET", "套装", (("B", 1), ("C", 1)))])
        mapping.map_codes(meanings={"69000": skus["B"]}, actor_id=None)
    with tenant(tenant_id):
        save_listings(
            listings=[
                ListingInput(channel_id, skus["A"], "600", "601"),
                ListingInput(channel_id, skus["B"], "700"),
            ],
            actor_id=None,
        )
    rows = table("mapping.md", "code", "item")
    orders = []
    for n, row in enumerate(rows):
        line = IncomingLine(
            row["code"] or code_by_ids(row["item"], row["variant"]), 1, 1_000, 1, row["item"], row["variant"]
        )
        orders.append(replace(builders.incoming(("X", 1), number=str(n)), lines=(line,)))
    pipeline.push(tenant_id=tenant_id, channel_id=channel_id, incoming=orders)
    with tenant(tenant_id):
        for n, row in enumerate(rows):
            found = OrderLine.objects.filter(order__number=str(n)).order_by("sku__code")
            said = ", ".join(line.sku.code if line.sku else "?" for line in found.select_related("sku"))
            assert said == row["is"], row
