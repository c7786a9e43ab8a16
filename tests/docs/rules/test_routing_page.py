"""The worked table of docs/rules/routing.md."""

from datetime import UTC, date, datetime, timedelta

from orders.rules.routing import FacilityFacts, RouteDemand, RouteRules, route
from tests.docs.rules.test_pages import table

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
DAY = date(2026, 12, 1)
GOODS = {"kettle": 1, "filter": 2}


def units(text: str) -> tuple[tuple[int, int], ...]:
    wanted = [part.split() for part in text.split(", ")]
    return tuple((GOODS[name], int(number)) for number, name in wanted)


def test_who_ships_what() -> None:
    facilities, stock = [], {}
    for row in table("routing.md", "facility", "division"):
        left = int(row["parcels left"]) if row["parcels left"] else None
        id_ = int(row["facility"])
        facilities.append(FacilityFacts(id_, row["division"], 0, tuple(row["regions"].split()), left))
        for name, sku_id in GOODS.items():
            stock[id_, sku_id] = [(DAY, int(row[name]))]
    rows = table("routing.md", "order", "to")
    orders = [
        RouteDemand(
            at,
            NOON + timedelta(hours=at),
            row["to"],
            units(row["wants"]),
            DAY,
            facilities=frozenset([int(row["allowed"])]) if row["allowed"] else None,
        )
        for at, row in enumerate(rows)
    ]
    found = route(orders, facilities, stock, RouteRules(most_facilities=2))
    for row, one in zip(rows, found, strict=True):
        where = " + ".join(str(part.facility_id) for part in one.parts) if one.is_served else ""
        assert (row["order"], where, one.reason) == (row["order"], row["ships from"], row["reason"])
