"""The worked tables of docs/rules/carriers.md."""

from orders.rules.carriers import (
    CarrierFacts,
    CarrierRule,
    CarrierRules,
    ParcelFacts,
    Price,
    Shipment,
    choose,
)
from orders.rules.values import CarrierLimit
from tests.docs.rules.test_pages import table

NAMES = ("swift", "steady", "heavy")


def number(text: str) -> int | None:
    return int(text) if text and text != "unknown" else None


def carriers() -> list[CarrierFacts]:
    rows = table("carriers.md", "carrier", "limit g")
    found = []
    for id_, name in enumerate(NAMES):
        mine = [row for row in rows if row["carrier"] == name]
        prices = tuple(
            Price(
                row["region"],
                int(row["first g"]),
                int(row["first"]),
                int(row["step g"]),
                int(row["step"]),
                number(row["cash"]) or 0,
            )
            for row in mine
        )
        limit = CarrierLimit(number(mine[0]["limit g"]), None, None)
        found.append(CarrierFacts(id_, limit, prices, takes_cod=name == "swift"))
    return found


def test_who_brings_it_and_for_how_much() -> None:
    rules = CarrierRules(
        rules=(CarrierRule(1, NAMES.index("heavy"), regions=("31", "32", "33"), from_g=30_000),)
    )
    rows = table("carriers.md", "to", "weight g")
    assert len(rows) > 8
    for row in rows:
        own = NAMES.index(row["channel's own"]) if row["channel's own"] else None
        parcel = ParcelFacts(1, Shipment(1, 1, row["to"], row["cash"] == "yes", own), number(row["weight g"]))
        (found,) = choose([parcel], carriers(), rules)
        name = "" if found.carrier_id is None else NAMES[found.carrier_id]
        assert (name, found.freight_minor, found.reason) == (
            row["carrier"],
            number(row["freight"]),
            row["reason"],
        ), row
