"""File import next to only reading the file, in one run on one machine (targets: P6).

script/bench import [--rows 100000] [--file PATH] [--whole] [--rounds 5]

Compared are, by processor time, the best of some rounds that take turns:
  reading   csv.reader over the decoded file; every row of the first sheet out of the XLSX
  import    all that turns the bytes into channel orders in memory, as the job does it before the pipeline takes them:
            the bytes proved (encoding, sizes), the survey of the whole file, rows judged, orders and problems made
Two shapes of file: five columns (as narrow as an order line can be: the hardest), and one of a platform with people and
addresses.  --whole adds the job down to the rows in the database.  Checks that no unit is lost.  `rss_mb` is the most
memory that an own process needs for import alone.  Last line: one JSON object; `csv_ratio` and `xlsx_ratio` are the narrow files.
"""

import argparse
import csv
import gzip
import io
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import django

django.setup()

import xlsxwriter
from python_calamine import CalamineWorkbook

from core.sheets.reading import Table, inspect, open_table
from core.sheets.workbook import load_sheet
from orders.importing.grouping import orders, survey
from orders.importing.layouts import find_layout
from orders.importing.mapping import recognise
from orders.importing.parsing import Parser
from orders.importing.presets import find_preset
from orders.importing.problems import ParsedGroup
from orders.importing.settings import Options

HEADER = ("订单号", "下单时间", "商家编码", "数量", "单价")
WIDE = (
    "主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商家编码", "订单应付金额", "运费", "收件人",
    "收件人手机号", "省", "市", "区", "详细地址", "订单提交时间", "商家备注", "订单完成时间", "订单状态", "售后状态",
    "取消原因", "发货时间",
)  # fmt: skip
DAY = datetime(2026, 11, 11)  # noqa: DTZ001  as a file says it


def invented(rows: int) -> Iterator[tuple[int, int, int, datetime]]:
    """Orders of 1 to 3 lines of 1 to 5 units over 200 SKUs, one after the other in time."""
    luck, number, left = random.Random(1), 0, 0
    for _ in range(rows):
        if not left:
            number, left = number + 1, luck.randint(1, 3)
        left -= 1
        yield number, luck.randrange(200), luck.randint(1, 5), DAY + timedelta(seconds=number)


def narrow(rows: int) -> Iterator[Sequence[object]]:
    yield HEADER
    for number, sku, quantity, at in invented(rows):
        yield f"T{number:09}", at.isoformat(" "), f"SKU-{sku:03}", quantity, "9.90"


def wide(rows: int) -> Iterator[Sequence[object]]:
    yield WIDE
    for place, (number, sku, quantity, at) in enumerate(invented(rows)):
        yield (
            f"\t{6917420000000000000 + number}", f"\t{6917430000000000000 + place}", f"青砚 咖啡机 {sku} 号 全自动", f"白色;{sku % 5}L",
            quantity, f"SKU-{sku:03}", f"{quantity * 19.9:.2f}", "0.00", f"##{number:x}Kd9", f"$${number:x}Qa", "浙江省", "金华市",
            "婺城区", f"##{number:x}八一街", at.isoformat(" "), "-", "-", "待发货", "-", "-", "-",
        )  # fmt: skip


def make_files(folder: Path, rows: int) -> Iterator[Path]:
    for name, data in (("narrow", narrow), ("wide", wide)):
        plain, book = folder / f"{name}.csv", folder / f"{name}.xlsx"
        with plain.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file, quoting=csv.QUOTE_MINIMAL if name == "narrow" else csv.QUOTE_ALL).writerows(
                data(rows)
            )
        with xlsxwriter.Workbook(str(book), {"constant_memory": True}) as workbook:
            sheet = workbook.add_worksheet()
            for number, row in enumerate(data(rows)):
                sheet.write_row(number, 0, row)
        yield plain
        yield book


def only_read(path: Path) -> int:
    """What a program that does nothing with the rows has to do."""
    if path.suffix == ".xlsx":
        return sum(1 for _ in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows())
    with path.open("rb") as packed:
        raw = gzip.GzipFile(fileobj=packed) if path.suffix == ".gz" else packed
        return sum(1 for _ in csv.reader(io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")))


def take(path: Path, each: Callable[[ParsedGroup], None] | None = None) -> int:
    """The import up to the pipeline: orders in memory, one by one; units of the file."""
    source = inspect(path)
    sheet = load_sheet(path) if source.kind == "xlsx" else None
    found = None
    for step in ("survey", "orders"):
        table = open_table(source, sheet)
        parser = _parser(table, has_nul=source.has_nul)
        if step == "survey":
            found = survey(table, parser)
            continue
        assert found is not None
        for parsed in orders(table, parser, found):
            if each is not None:
                each(parsed)
    assert found is not None
    return found.input_units


def check(path: Path) -> None:
    """Every unit of the file is in an order or a problem."""
    units = 0

    def count(parsed: ParsedGroup) -> None:
        nonlocal units
        units += sum(problem.units for problem in parsed.problems)
        units += sum(line.quantity for line in parsed.order.lines) if parsed.order else 0

    assert take(path, count) == units, "units were lost"


def _parser(table: Table, *, has_nul: bool) -> Parser:
    preset, layout = find_preset(table.header), find_layout(table.header)
    if preset:
        columns, options = preset.columns, preset.options
    elif layout:
        columns, options = layout.places(table.header), Options(layout=layout.name)
    else:
        columns, options = recognise(table.header), Options()
    return Parser(table.header, columns, options, ZoneInfo("Asia/Shanghai"), has_nul=has_nul)


def whole(path: Path) -> None:
    """The job: from the file to channel orders, parcels and reservations in the database."""
    from core import jobs
    from core.services.tenants import create_tenant
    from core.tenancy import tenant
    from inventory.services.catalogue import BinInput, create_bins, create_facility
    from orders.services import imports
    from orders.services.channels import ChannelInput, create_channel
    from orders.services.import_results import result

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


def _seconds(step: Callable[[Path], object], path: Path) -> float:
    began = time.process_time()
    step(path)
    return time.process_time() - began


def measure(path: Path, rounds: int) -> float:
    """How many times the reading the import takes: both at their best, in turns."""
    check(path)
    read, taken = [], []
    for _ in range(rounds):
        read.append(_seconds(only_read, path))
        taken.append(_seconds(take, path))
    rows, ratio = only_read(path) - 1, min(taken) / min(read)
    for name, best in (("reading", min(read)), ("import", min(taken))):
        print(f"{path.name:12} {name:8} {best:7.3f} s {rows / best:>12,.0f} rows/s")
    print(f"{path.name:12} {ratio:.2f} x reading")
    return round(ratio, 2)


def _memory(path: Path, most: "multiprocessing.Queue[int]") -> None:
    take(path)
    most.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


def memory(path: Path) -> int:
    """Megabytes that a fresh process needs for the import of this file."""
    context = multiprocessing.get_context("spawn")
    most: multiprocessing.Queue[int] = context.Queue()
    process = context.Process(target=_memory, args=(path, most))
    process.start()
    found = most.get()
    process.join()
    return found


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--file", type=Path)
    arguments.add_argument("--whole", action="store_true")
    chosen = arguments.parse_args()
    answer: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        files = [chosen.file] if chosen.file else list(make_files(Path(folder), chosen.rows))
        for path in files:
            kind = path.suffix.strip(".")
            name = kind if chosen.file or path.stem == "narrow" else f"{kind}_{path.stem}"
            answer[f"{name}_ratio"] = measure(path, chosen.rounds)
            if chosen.whole:
                answer[f"{name}_job_s"] = round(_seconds(whole, path), 2)
        answer["rss_mb"] = max(map(memory, files))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
