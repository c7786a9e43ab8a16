"""An address in one piece -> province, city, district and the rest, where that is certain."""

import csv
import re
from dataclasses import dataclass, field
from functools import cache

from orders.divisions import DATA

_ZIP = re.compile(r"\s*[(（]\d{6}[)）]$", re.ASCII)
_CITY_ENDS = ("市", "州", "区", "盟")
_LONG_ENDS = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "特别行政区", "省", "市")


@dataclass(slots=True)
class _Area:
    name: str
    below: dict[str, "_Area"] = field(default_factory=dict)


@cache
def _country() -> dict[str, _Area]:
    """Provinces by name, with and without what they are called; cities, districts below them."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    areas = {row["code"]: _Area(row["name"]) for row in rows}
    provinces: dict[str, _Area] = {}
    for row in rows:
        area, parent = areas[row["code"]], areas.get(row["parent"])
        if parent is not None:
            parent.below[row["name"]] = area
        elif row["level"] == "province":
            provinces[row["name"]] = area
            short = next(
                (row["name"].removesuffix(end) for end in _LONG_ENDS if row["name"].endswith(end)), ""
            )
            if short:
                provinces[short] = area
    return provinces


def _longest(areas: dict[str, _Area], text: str) -> tuple[_Area, str] | None:
    for length in range(min(len(text), 15), 1, -1):
        found = areas.get(text[:length])
        if found is not None:
            return found, text[length:]
    return None


def _split_one_piece(text: str) -> tuple[str, str, str, str] | None:
    found = _longest(_country(), text)
    if found is None:
        return None
    province, rest = found
    is_city = province.name.endswith("市")
    named = _longest(province.below, rest)
    cities = [named] if named else [(city, rest) for city in province.below.values()] if is_city else []
    for city, after in cities:
        district = _longest(city.below, after)
        if district is not None and district[1]:
            return province.name, city.name, district[0].name, district[1]
    return None


def split_address(text: str) -> tuple[str, str, str, str] | None:
    """(province, city, district, street) of "省 市 区 detail(zip)", as Taobao writes it, or of one piece without any
    separators, as JD does, by the national list.  None when it is not certain: the text stays in one piece.
    """
    parts = text.split(maxsplit=3)
    if len(parts) == 4 and parts[1].endswith(_CITY_ENDS):
        return parts[0], parts[1], parts[2], _ZIP.sub("", parts[3])
    if len(parts) > 1 and len(parts[0]) < 6:
        return None
    return _split_one_piece(text)
