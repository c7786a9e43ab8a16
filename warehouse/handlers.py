"""What the floor does when stock says a fact.  Idempotent: it looks at what is, not at what the event says."""

from collections.abc import Mapping
from typing import Any

from warehouse.services import floor


def on_picked_units_lost(payload: Mapping[str, Any]) -> None:
    """Units vanished off a cart and the parcel was given others: it is picked again."""
    floor.reopen(parcel_ids=payload["owner_refs"])
