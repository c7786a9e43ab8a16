"""File import next to only reading the file, in one run on one machine.

script/bench importing --rows 100000 [--file PATH]

Prints, for CSV and XLSX: the time to only read the file, both passes of ours (inspect, survey, orders in memory), and the
whole job to channel orders in the database. Checks that no unit is lost. Last line: one JSON object.
"""

import argparse
import csv
import gzip
import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import django

django.setup()

import xlsxwriter
from django.conf import settings
from python_calamine import CalamineWorkbook

from core import jobs
from core.services.tenants import create_tenant
from core.sheets.reading import inspect, open_table
from core.tenancy import tenant
from inventory.services.catalogue import BinInput, create_bins, create_facility
from orders.importing.grouping import groups, survey
from orders.importing.mapping import recognise
from orders.importing.parsing import Parser
from orders.importing.presets import find_preset
from orders.importing.settings import Options
from orders.services import import_run, imports
from orders.services.channels import ChannelInput, create_channel
from orders.services.import_results import result

HEADER = ("订单号", "下单时间", "商家编码", "数量", "单价")
JOBS = {imports.JOB: import_run.run_import}


def invented(rows: int) -> Iterator[tuple[str, str, str, int, str]]:
    """Orders of 1 to 3 lines of 1 to 5 units over 200 SKUs."""
    luck, number, left = random.Random(1), 0, 0
    for _ in range(rows):
        if not left:
            number, left = number + 1, luck.randint(1, 3)
        left -= 1
        yield (
            f"T{number:09}",
            "2026-11-11 00:00:01",
            f"SKU-{luck.randrange(200):03}",
            luck.randint(1, 5),
            "9.90",
        )


def make_files(folder: Path, rows: int) -> list[Path]:
    data = [HEADER, *invented(rows)]
    plain, book = folder / "orders.csv", folder / "orders.xlsx"
    with plain.open("w", newline="") as file:
        csv.writer(file).writerows(data)
    with xlsxwriter.Workbook(str(book), {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(data):
            sheet.write_row(number, 0, row)
    return [plain, book]


def only_read(path: Path) -> int:
    """What a program that does nothing with the rows has to do."""
    if path.suffix == ".xlsx":
        return sum(1 for _ in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows())
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as file:
        return sum(1 for _ in csv.reader(file))


def parse(path: Path) -> tuple[int, int]:
    """Both passes, orders in memory only; (rows, units)."""
    source = inspect(path)
    table = open_table(source)
    preset = find_preset(table.header)
    columns, options = (preset.columns, preset.options) if preset else (recognise(table.header), Options())

    def parser() -> Parser:
        return Parser(table.header, columns, options, ZoneInfo("Asia/Shanghai"), has_nul=source.has_nul)

    found, second, units = survey(table, parser(), wants_demand=True), parser(), 0
    for group in groups(open_table(source), second, found):
        parsed = second.parse(group)
        units += sum(problem.units for problem in parsed.problems)
        units += sum(line.quantity for line in parsed.order.lines) if parsed.order else 0
    assert units == found.input_units, "units were lost"
    return found.rows, units


def whole(path: Path) -> None:
    """The job: from the file to channel orders, parcels and reservations in the database."""
    tenant_id = create_tenant(name="Bench", slug=f"bench-{random.SystemRandom().randrange(10**12)}")
    with tenant(tenant_id):
        facility_id = create_facility(code="WH", name="Bench")
        create_bins(facility_id, [BinInput(f"A-{n:03}", sequence=n) for n in range(100)])
        channel_id = create_channel(
            ChannelInput("file", "Bench", facility_id, needs_address=False, handover=1)
        )
    import_id = imports.register(tenant_id=tenant_id, channel_id=channel_id, path=path)
    with tenant(tenant_id):
        seen = imports.preview(import_id)
    columns = {str(column.target): column.index for column in seen.columns if column.target}
    chosen = seen.options.stored() | {"create_skus": True, "opening_stock": True}
    job_id = imports.start_import(
        tenant_id=tenant_id, import_id=import_id, columns=columns, chosen=chosen, actor_id=None
    )
    assert jobs.run(tenant_id, job_id), "the import failed"
    with tenant(tenant_id):
        assert result(import_id).difference == 0, "units were lost"


@contextmanager
def measured(into: dict[str, float], name: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    into[name] = time.perf_counter() - began


def measure(path: Path, *, with_database: bool) -> SimpleNamespace:
    seconds: dict[str, float] = {}
    steps: list[tuple[str, Callable[[Path], object]]] = [("read", only_read), ("parse", parse)]
    for name, step in [*steps, ("whole", whole)] if with_database else steps:
        with measured(seconds, name):
            step(path)
    rows = only_read(path) - 1
    for name, took in seconds.items():
        ratio = took / seconds["read"]
        print(f"{path.name:12} {name:6} {took:7.2f} s {rows / took:>10,.0f} rows/s {ratio:6.1f} x reading")
    return SimpleNamespace(file=path.name, rows=rows, **seconds)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--file", type=Path)
    arguments.add_argument("--parse-only", action="store_true")
    chosen = arguments.parse_args()
    settings.JOBS = "bench.importing.JOBS"
    with tempfile.TemporaryDirectory() as folder:
        files = [chosen.file] if chosen.file else make_files(Path(folder), chosen.rows)
        found = [measure(path, with_database=not chosen.parse_only) for path in files]
    print(json.dumps([vars(one) for one in found]))


if __name__ == "__main__":
    main()
