"""The table of SKUs and the table of bundles: their columns, their rows, what must hold across cells."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from inventory.rules.table_diff import (
    Column,
    Entry,
    Mistake,
    Values,
    Wrong,
    money,
    place_columns,
    read_cells,
    text,
    whole,
    word,
    yes_no,
)

CODE_LONGEST = 64
BARCODES_MOST = 20
CASE_PACK = 4
PARCEL_RULES = {
    "随单": 0, "普通": 1, "大件": 2, "独立大件": 3, "按箱规": 4,
    "RIDES_ALONG": 0, "NORMAL": 1, "BULKY": 2, "ALONE": 3, "CASE_PACK": 4,
}  # fmt: skip
TRACKING = {"不分批次": 0, "按批次": 1, "按序列号": 2, "NONE": 0, "LOT": 1, "SERIAL": 2}
LOT_ORDER = {"先到期先出": 0, "先进先出": 1, "FEFO": 0, "FIFO": 1}
ACTIVE = {"在用": 1, "已归档": 0, "ACTIVE": 1, "ARCHIVED": 0}
SEPARATOR = "/"
PATH_LONGEST = 120
SIZES = ("length_mm", "width_mm", "height_mm")


def tidy_path(path: str) -> str:
    """A category's path without empty steps and stray spaces: " 食品 / 饼干/" is "食品/饼干"."""
    return SEPARATOR.join(
        step for step in (" ".join(piece.split()) for piece in path.split(SEPARATOR)) if step
    )


def _path(cell: str) -> Any:
    found = text(PATH_LONGEST)(tidy_path(cell))
    return found or Mistake.MISSING


def read_barcodes(cell: str) -> Any:
    """Barcodes apart by spaces, each with its units behind a star: "6901 6902*12" → [["6901", 1], ["6902", 12]], sorted."""
    found: dict[str, int] = {}
    for piece in cell.replace("×", "*").split():
        code, star, units = piece.partition("*")
        if not code or len(code) > CODE_LONGEST or any(ord(char) < 32 or ord(char) == 127 for char in code):
            return Mistake.BAD_BARCODE
        if star and (not (units.isascii() and units.isdigit()) or not 0 < int(units) < 10**6):
            return Mistake.BAD_BARCODE
        if code in found:
            return Mistake.BARCODE_TWICE
        found[code] = int(units) if star else 1
    return [list(pair) for pair in sorted(found.items())] if len(found) <= BARCODES_MOST else Mistake.TOO_LONG


def write_barcodes(barcodes: Iterable[Sequence[Any]]) -> str:
    """The other way round."""
    return " ".join(code if units == 1 else f"{code}*{units}" for code, units in barcodes)


def _status(cell: str) -> Any:
    found = word(ACTIVE)(cell)
    return found if isinstance(found, Mistake) else bool(found)


def sku_columns(money_digits: int) -> tuple[Column, ...]:
    """Columns of the table of SKUs, in the order in which they go out.  `money_digits`: after the point, in the tenant's currency."""
    return (
        Column("code", ("商家编码", "Code"), text(CODE_LONGEST)),
        Column("name", ("名称", "Name"), text(200)),
        Column("spec", ("规格", "Spec"), text(60), is_clearable=True, empty=""),
        Column("product", ("产品编码", "Product code"), text(64), is_clearable=True),
        Column("category", ("分类", "Category"), _path, is_clearable=True),
        Column("unit", ("单位", "Unit"), text(8)),
        Column("barcodes", ("条码", "Barcodes"), read_barcodes, is_clearable=True, empty=[]),
        Column("weight_g", ("重量(g)", "重量", "Weight (g)"), whole(1), is_clearable=True),
        Column("length_mm", ("长(mm)", "长", "Length (mm)"), whole(1), is_clearable=True),
        Column("width_mm", ("宽(mm)", "宽", "Width (mm)"), whole(1), is_clearable=True),
        Column("height_mm", ("高(mm)", "高", "Height (mm)"), whole(1), is_clearable=True),
        Column("parcel_rule", ("大件规则", "Parcel rule"), word(PARCEL_RULES)),
        Column("case_quantity", ("每箱件数", "Case quantity"), whole(2), is_clearable=True),
        Column("shipping_class", ("运输类别", "Shipping class"), text(20), is_clearable=True, empty=""),
        Column("tracking", ("批次管理", "Tracking"), word(TRACKING)),
        Column("lot_order", ("出库顺序", "Lot order"), word(LOT_ORDER)),
        Column("one_lot_per_parcel", ("一个包裹一个批次", "One lot per parcel"), yes_no),
        Column("shelf_life_days", ("保质期(天)", "Shelf life (days)"), whole(1, 36_500), is_clearable=True),
        Column(
            "shelf_life_months", ("保质期(月)", "Shelf life (months)"), whole(1, 1_200), is_clearable=True
        ),
        Column("min_remaining_days", ("发货时至少还剩(天)", "Minimum remaining (days)"), whole(0, 36_500)),
        Column("cost_minor", ("成本", "Cost"), money(money_digits), is_clearable=True),
        Column("is_active", ("状态", "Status"), _status),
    )


BUNDLE_COLUMNS = (
    Column("code", ("组合编码", "Bundle code"), text(CODE_LONGEST)),
    Column("name", ("名称", "组合名称", "Name"), text(200)),
    Column("is_cartons", ("一套多箱", "Several cartons"), yes_no),
    Column("is_active", ("状态", "Status"), _status),
    Column("part", ("商家编码", "Part code"), text(CODE_LONGEST)),
    Column("quantity", ("件数", "Units"), whole(1, 100_000)),
)


def read_skus(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]], columns: Sequence[Column]
) -> list[Entry]:
    """One entry a row.  A code that comes twice is wrong at its second row, and so is a barcode."""
    places, _ignored = place_columns(header, columns)
    seen: set[str] = set()
    barcodes: dict[str, str] = {}
    found = []
    for number, cells in rows:
        values, wrong = read_cells(number, cells, places, columns)
        code = str(values.pop("code", ""))
        entry = Entry(number, code, values, wrong)
        if not code and not any(one.column == "code" for one in wrong):
            entry.wrong.append(Wrong(number, "code", "", Mistake.MISSING))
        elif code in seen:
            entry.wrong.append(Wrong(number, "code", code, Mistake.CODE_TWICE))
        seen.add(code)
        for barcode, _units in values.get("barcodes", ()):
            if barcodes.setdefault(barcode, code) != code:
                entry.wrong.append(Wrong(number, "barcodes", barcode, Mistake.BARCODE_TWICE))
        _one_shelf_life(entry)
        found.append(entry)
    return found


def _one_shelf_life(entry: Entry) -> None:
    """Days or months.  Who says one of them means not the other."""
    days, months = entry.values.get("shelf_life_days"), entry.values.get("shelf_life_months")
    if days is not None and months is not None:
        entry.wrong.append(Wrong(entry.row, "shelf_life_months", str(months), Mistake.TWO_SHELF_LIVES))
    elif days is not None:
        entry.values["shelf_life_months"] = None
    elif months is not None:
        entry.values["shelf_life_days"] = None


def sku_mistakes(entry: Entry, now: Mapping[str, Any] | None) -> list[Wrong]:
    """What is wrong with a row as a whole, when it is laid over what is there (`now`; None: nothing yet)."""
    after = {**(now or {}), **entry.values}
    found = []
    if not after.get("name"):
        found.append(Wrong(entry.row, "name", "", Mistake.MISSING))
    sizes = [after.get(name) for name in SIZES]
    if any(sizes) and not all(sizes):
        found.append(Wrong(entry.row, SIZES[sizes.index(None)], "", Mistake.SIZES_PART))
    if after.get("parcel_rule") == CASE_PACK and not after.get("case_quantity"):
        found.append(Wrong(entry.row, "case_quantity", "", Mistake.CASE_QUANTITY))
    if now is not None and now.get("has_stock") and after.get("tracking") != now.get("tracking"):
        found.append(Wrong(entry.row, "tracking", "", Mistake.TRACKING_STOCK))
    return found


def read_bundles(header: Sequence[str], rows: Iterable[tuple[int, Sequence[str]]]) -> list[Entry]:
    """One entry a bundle; its rows need not stand together.  Its head (name, status) may stand in any of them, but only once differently.

    `values["parts"]` is the sorted list of [SKU code, units], and missing when no row names a part.
    """
    places, _ignored = place_columns(header, BUNDLE_COLUMNS)
    found: dict[str, Entry] = {}
    nameless: list[Entry] = []
    for number, cells in rows:
        values, wrong = read_cells(number, cells, places, BUNDLE_COLUMNS)
        code = str(values.pop("code", ""))
        if not code:
            is_told = any(one.column == "code" for one in wrong)
            missing = [] if is_told else [Wrong(number, "code", "", Mistake.MISSING)]
            nameless.append(Entry(number, "", {}, [*wrong, *missing]))
            continue
        entry = found.setdefault(code, Entry(number, code))
        entry.wrong += wrong
        _take_part(entry, number, values)
        for name, value in values.items():
            if entry.values.setdefault(name, value) != value:
                entry.wrong.append(Wrong(number, name, str(value), Mistake.HEAD_DIFFERS))
    for entry in found.values():
        if "parts" in entry.values:
            entry.values["parts"].sort()
    return sorted([*found.values(), *nameless], key=lambda entry: entry.row)


def _take_part(entry: Entry, row: int, values: Values) -> None:
    part, units = values.pop("part", None), values.pop("quantity", None)
    if part is None and units is None:
        return
    if part is None or units is None:
        column = "part" if part is None else "quantity"
        if not any(one.row == row and one.column == column for one in entry.wrong):
            entry.wrong.append(Wrong(row, column, "", Mistake.MISSING))
        return
    parts = entry.values.setdefault("parts", [])
    if any(code == part for code, _units in parts):
        entry.wrong.append(Wrong(row, "part", part, Mistake.PART_TWICE))
    else:
        parts.append([part, units])


def bundle_mistakes(entry: Entry, now: Mapping[str, Any] | None) -> list[Wrong]:
    """As sku_mistakes."""
    after = {**(now or {}), **entry.values}
    found = []
    if not after.get("name"):
        found.append(Wrong(entry.row, "name", "", Mistake.MISSING))
    if not after.get("parts"):
        found.append(Wrong(entry.row, "part", "", Mistake.NO_PARTS))
    return found


def write_cells(
    values: Mapping[str, Any], columns: Sequence[Column], money_digits: int, *, is_english: bool
) -> list[str]:
    """The cells of one row, so that reading them again gives the same values.  What is not known is empty."""
    return [_cell(column.field, values.get(column.field), money_digits, is_english) for column in columns]


def titles(columns: Sequence[Column], *, is_english: bool) -> list[str]:
    """The head of a table."""
    return [column.titles[-1 if is_english else 0] for column in columns]


_WORDS: Mapping[str, Mapping[str, int]] = {
    "parcel_rule": PARCEL_RULES,
    "tracking": TRACKING,
    "lot_order": LOT_ORDER,
    "is_active": ACTIVE,
}


def _cell(name: str, value: Any, money_digits: int, is_english: bool) -> str:
    if value is None:
        return ""
    if name in _WORDS:
        spelled = [known for known, number in _WORDS[name].items() if number == value]
        return spelled[-1 if is_english else 0]
    if name == "barcodes":
        return write_barcodes(value)
    if name == "cost_minor":
        return f"{Decimal(value).scaleb(-money_digits):.{money_digits}f}"
    if isinstance(value, bool):
        return ("yes" if value else "no") if is_english else ("是" if value else "否")
    return str(value)
