"""Paid units that could not be promised: known by those who have orders, asked for here without knowing them."""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.utils.module_loading import import_string

Source = Callable[[Sequence[int]], Mapping[tuple[int, int], int]]
"""Facilities -> (facility, SKU) -> units short."""


def list_short(facility_ids: Sequence[int]) -> dict[tuple[int, int], int]:
    """(facility, SKU) -> paid units short, over all who know of some (settings.SHORTAGES, in erp/wiring.py)."""
    sources: Sequence[Source] = import_string(settings.SHORTAGES)
    found: dict[tuple[int, int], int] = {}
    for source in sources:
        for place, units in source(facility_ids).items():
            found[place] = found.get(place, 0) + units
    return found
