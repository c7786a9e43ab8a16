"""The worked tables of docs/rules/after_sales.md."""

from orders.rules.after_sales import HeldLine, HeldParcel, PaidLine, Refund, Withdrawn, refunded, withdraw
from tests.docs.rules.test_pages import table

PAID = (PaidLine(1, 100), PaidLine(2, 100), PaidLine(3, 50))
GOODS = ("vacuum", "filter", "kettle")


def refunds(text: str) -> list[Refund]:
    found = []
    for id_, one in enumerate(text.split(", ")):
        minor, _of, *what = one.split()
        found.append(Refund(id_, int(minor), None if what == ["all"] else int(what[-1])))
    return found


def units(text: str) -> tuple[tuple[int, int], ...]:
    found = (part.split() for part in text.split(", ") if part)
    return tuple((GOODS.index(name), int(count)) for count, name in found)


def test_what_each_line_gets_back() -> None:
    rows = table("after_sales.md", "refunds", "line 1")
    assert len(rows) > 5
    for row in rows:
        back, over = refunded(PAID, refunds(row["refunds"]))
        assert [*back.values(), over] == [
            int(row[name]) for name in ("line 1", "line 2", "line 3", "over")
        ], row


def test_what_leaves() -> None:
    parcels = [
        HeldParcel(int(row["parcel"]), int(row["stage"]), row["shipped"] == "yes", units(row["holds"]))
        for row in table("after_sales.md", "parcel", "stage")
    ]
    lines = [HeldLine(0, 3), HeldLine(1, 7), HeldLine(2, 1)]
    for row in table("after_sales.md", "asked", "cancelled"):
        asked = [Withdrawn(line_id, units=count) for line_id, count in units(row["asked"])]
        found = withdraw(lines, parcels, asked)
        assert ", ".join(map(str, found.cancelled)) == row["cancelled"], row
        assert ", ".join(map(str, found.opened)) == row["opened"], row
        assert found.too_late == units(row["too late"]), row
