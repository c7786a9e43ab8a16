"""What the stores' rounds do when a fact is told."""

from collections.abc import Mapping
from typing import Any

from o2o.services import dispatches


def on_dispatches_won(payload: Mapping[str, Any]) -> None:
    """A grab took stock: the store's other offers that no longer fit close at once, with the reason."""
    dispatches.settle_offers(facility_ids=payload["facility_ids"])
