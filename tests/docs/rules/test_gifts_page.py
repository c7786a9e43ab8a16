"""The worked tables of docs/rules/gifts.md."""

from datetime import UTC, datetime, timedelta

from orders.rules.gifts import GiftOrder, GiftRule, gifts
from tests.docs.rules.test_pages import table

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
GOODS = ("kettle", "filter", "bag", "card")
BUYERS = {"ann": 1, "ben": 2, "eve": 3, "gus": 4}


def units(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(
        (GOODS.index(name), int(count)) for count, name in (part.split() for part in text.split(", "))
    )


def test_who_gets_what() -> None:
    rules = []
    for id_, row in enumerate(table("gifts.md", "rule", "priority")):
        ((sku_id, quantity),) = units(row["gives"])
        rules.append(
            GiftRule(
                id_,
                sku_id,
                quantity,
                int(row["priority"]),
                from_minor=int(row["from"]) if row["from"] else None,
                skus=frozenset([GOODS.index(row["SKU"])] if row["SKU"] else []),
                min_units=int(row["least units"]),
                is_per_multiple=row["per multiple"] == "yes",
                most_units=int(row["limit"]) if row["limit"] else None,
                is_exclusive=row["exclusive"] == "yes",
                is_once_per_buyer=row["once a buyer"] == "yes",
            )
        )
    rows = table("gifts.md", "order", "buyer")
    orders = [
        GiftOrder(
            at,
            1,
            BUYERS.get(row["buyer"]),
            NOON + timedelta(minutes=at),
            int(row["paid"]),
            "CNY",
            units(row["bought"]),
        )
        for at, row in enumerate(rows)
    ]
    found = gifts(orders, rules)
    for at, row in enumerate(rows):
        got = ", ".join(f"{one.units} {GOODS[one.sku_id]}" for one in found if one.order_id == at)
        assert (row["order"], got) == (row["order"], row["gifts"])
