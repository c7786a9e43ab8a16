"""Regions as people write them: a province, a city, or the first digits of a division code (GB/T 2260), to the prefix rules compare."""

import csv
import re
from collections.abc import Iterable
from functools import cache

from orders.divisions import DATA

_LENGTH = {"province": 2, "city": 4}
_TAILS = re.compile(r"(特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|省|市|地区|自治州)$")
_BETWEEN = re.compile(r"[\s,，、;；]+")


@cache
def _prefixes() -> tuple[dict[str, str], dict[str, str]]:
    """Name -> prefix, in full and without its tail where that is still one place; and prefix -> name."""
    found: dict[str, set[str]] = {}
    names: dict[str, str] = {}
    with DATA.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["level"] not in _LENGTH:
                continue
            prefix = row["code"][: _LENGTH[row["level"]]]
            names[prefix] = row["name"]
            for name in {row["name"], _TAILS.sub("", row["name"])}:
                found.setdefault(name, set()).add(prefix)
    # A municipality is a province and its own city: the province is meant.
    known = {name: min(prefixes, key=len) for name, prefixes in found.items()}
    return known, names


def read_regions(text: str) -> tuple[list[str], list[str]]:
    """Prefixes of what is written, in its order; and the words that are no place."""
    known, _names = _prefixes()
    prefixes: list[str] = []
    unknown = []
    for word in filter(None, _BETWEEN.split(text.strip())):
        prefix = word if word.isascii() and word.isdigit() and len(word) in (2, 4, 6) else known.get(word)
        if prefix is None:
            unknown.append(word)
        elif prefix not in prefixes:
            prefixes.append(prefix)
    return prefixes, unknown


def name_of(prefix: str) -> str:
    """The place with this prefix; what is no province or city, or shares its name with another, is said as it is."""
    known, names = _prefixes()
    name = names.get(prefix, "")
    return name if known.get(name) == prefix else prefix


def write_regions(prefixes: Iterable[str]) -> str:
    """The other way round: what `read_regions` reads."""
    return "、".join(name_of(prefix) for prefix in prefixes)
