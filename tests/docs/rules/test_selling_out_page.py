"""The worked table of docs/rules/selling_out.md is run."""

from datetime import date

from inventory.rules.selling_out import LotStock, run_down
from tests.docs.rules.test_pages import day, table


def test_selling_out_worked() -> None:
    rows = table("selling_out.md", "lot", "last sellable day")
    today = date(2026, 6, 1)
    lots = [
        LotStock(int(row["lot"]), day(row["last sellable day"]), day(row["received on"]), int(row["units"]))
        for row in rows
    ]
    left = {one.lot_id: one.units for one in run_down(lots, today=today, shipped=56, days=28)}
    sold = 0
    for row, lot in zip(rows, lots, strict=True):
        asked = max(0, (lot.last_day - today).days + 1) * 2
        assert asked == int(row["asked for up to then"])
        assert left.get(lot.lot_id, 0) == int(row["left"])
        sold += lot.units - int(row["left"])
        assert sold == int(row["sold up to here"])
