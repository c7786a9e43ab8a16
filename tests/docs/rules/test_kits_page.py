"""The worked tables of docs/rules/kits.md."""

from datetime import date

from inventory.rules import kits
from inventory.rules.kits import Inside, Part
from tests.docs.rules.test_pages import day, table, yes

CUP, LID, C1, C2 = 1, 2, 11, 12


def known(text: str) -> int | None:
    return None if text == "unknown" else int(text)


def test_how_many() -> None:
    parts = [Part(CUP, 2), Part(LID, 1)]
    for row in table("kits.md", "cups", "lids"):
        have, wanted = {CUP: int(row["cups"]), LID: int(row["lids"])}, int(row["wanted"])
        short = {one.sku_id for one in kits.missing(parts, have, wanted)}
        assert kits.possible(parts, have) == int(row["possible"]), row
        assert (CUP in short, LID in short) == (yes(row["cups short"]), yes(row["lids short"])), row


def test_until_when() -> None:
    for row in table("kits.md", "parts expire on"):
        used = [
            None if text == "never" else date.fromisoformat(text)
            for text in row["parts expire on"].split(", ")
        ]
        own = None if row["own shelf life in days"] == "none" else int(row["own shelf life in days"])
        ends = kits.expires_on(used, date(2026, 6, 1), days=own, months=None, production_day_counts=False)
        assert ends == day(row["the kit expires on"]), row


def test_at_what_cost() -> None:
    for row in table("kits.md", "two cups, each"):
        parts = [Part(CUP, 2, known(row["two cups, each"])), Part(LID, 1, known(row["a lid"]))]
        assert kits.cost_minor(parts) == known(row["a set"]), row


def test_what_comes_out() -> None:
    for row in table("kits.md", "from C1", "from C2"):
        inside = [Inside(CUP, C1, int(row["from C1"])), Inside(CUP, C2, int(row["from C2"]))]
        apart = kits.take_apart(inside, kits=int(row["kits"]), quantity=int(row["taken"]))
        assert (apart.by_lot.get(C1, 0), apart.by_lot.get(C2, 0)) == (
            int(row["C1 gets"]),
            int(row["C2 gets"]),
        ), row


def test_one_by_one_gives_back_what_all_at_once_gives() -> None:
    inside, given = {C1: 5, C2: 3}, {C1: 0, C2: 0}
    for left in range(4, 0, -1):
        apart = kits.take_apart(
            [Inside(CUP, lot, units) for lot, units in inside.items()], kits=left, quantity=1
        )
        for lot, units in apart.by_lot.items():
            inside[lot] -= units
            given[lot] += units
    assert given == {C1: 5, C2: 3}
