"""The worked tables of docs/rules/replenishing.md."""

from inventory.rules.receiving import Expected, count_up
from inventory.rules.replenishing import Need, propose
from tests.docs.rules.test_pages import table, yes


def test_what_to_buy() -> None:
    rows = table("replenishing.md", "available", "on order")
    assert len(rows) > 5
    for row in rows:
        available, on_order, road, short, minimum, target, case, position, missing, buy = map(
            int, row.values()
        )
        need = Need(1, 1, available, on_order, road, minimum, target, short, case)
        assert need.position == position
        assert sum(one.missing for one in propose([need])) == missing
        assert sum(one.quantity for one in propose([need])) == buy


def test_what_is_over() -> None:
    for row in table("replenishing.md", "ordered", "received before"):
        line = Expected(1, 1, int(row["ordered"]), int(row["received before"]))
        counted = count_up([line], {1: int(row["comes"])}, over_percent=int(row["percent"]))
        assert sum(one.units for one in counted.over) == int(row["over"])
        assert bool(counted.beyond) == yes(row["asks"])
