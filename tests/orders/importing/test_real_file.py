"""The order lines of a real wholesaler, when the data folder is there: every unit of half a million rows
has its place.
"""

import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from core.sheets.reading import inspect, open_table
from orders.importing.grouping import groups, survey
from orders.importing.parsing import Parser
from orders.importing.presets import ONLINE_RETAIL, find_preset

FILE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "online_retail_lines.csv.gz"


@pytest.mark.skipif(not FILE.is_file(), reason="the data folder is not there")
def test_every_unit_of_the_real_file_is_a_line_or_a_problem() -> None:
    began = time.perf_counter()
    source = inspect(FILE)
    table = open_table(source)
    assert find_preset(table.header) is ONLINE_RETAIL
    one, two = (
        Parser(table.header, ONLINE_RETAIL.columns, ONLINE_RETAIL.options, ZoneInfo("Europe/London"))
        for _ in "12"
    )
    found = survey(table, one, wants_demand=True)
    assert (found.rows, found.input_units) == (541_909, 5_660_981)
    assert "542806" in found.scattered
    lines = problems = orders = 0
    for group in groups(open_table(source), two, found):
        parsed = two.parse(group)
        problems += sum(problem.units for problem in parsed.problems)
        if parsed.order:
            orders += 1
            lines += sum(line.quantity for line in parsed.order.lines)
    seconds = time.perf_counter() - began
    print(f"{orders} orders, {lines} + {problems} units, {found.rows / seconds:,.0f} rows/s")
    assert lines + problems == found.input_units
