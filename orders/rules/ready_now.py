"""Ship what is there now, the rest later (先发有货的): which units of an order that is short go today.

An order goes in part when whoever may say so says so (the order, else its channel, else the tenant), when nothing but goods stops it, and
when what goes is worth a parcel.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orders.rules.splitting import Readiness, ready
from orders.rules.values import Line, ParcelRule, Sku

WISH = "ready_now"
"""What a person said of one order, in its `decided`: {"ready_now": {"go": true}}."""


def may_go(decided: Mapping[str, Any] | None, of_channel: bool | None, of_tenant: bool) -> bool:
    """The order's word before its channel's, its channel's before the tenant's."""
    said = (decided or {}).get(WISH)
    if isinstance(said, dict) and isinstance(said.get("go"), bool):
        return bool(said["go"])
    return of_tenant if of_channel is None else of_channel


def take_ready(lines: Sequence[Line], available: Mapping[int, int], skus: Mapping[int, Sku]) -> Readiness:
    """Units that go now with what is available of each SKU, and units that wait; `now` is empty where nothing is worth a parcel.

    Parts of a bundle go together or wait together.  Goods of which a parcel holds one lot wait with the rest: their lot is chosen for the
    whole order.  Things that must ride, and things that cost nothing (gifts), go with something that is bought and neither, or wait.
    Laws: now + later = lines; `now` takes no more than is available.
    """
    found = ready(lines, {id_: units for id_, units in available.items() if not _is_one_lot(skus, id_)})
    if any(_is_bought(line, skus) for line in found.now):
        return found
    return Readiness((), tuple(sorted(lines, key=lambda line: line.id)))


def _is_one_lot(skus: Mapping[int, Sku], sku_id: int) -> bool:
    return sku_id in skus and skus[sku_id].is_one_lot


def _is_bought(line: Line, skus: Mapping[int, Sku]) -> bool:
    return line.unit_price_minor > 0 and skus[line.sku_id].parcel_rule != ParcelRule.RIDES_ALONG


def is_partly(codes: AbstractSet[str], of_goods: AbstractSet[str]) -> bool:
    """Whether nothing but goods that are not there stops an order that these findings stop."""
    return bool(codes) and codes <= of_goods
