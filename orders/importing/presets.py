"""Layouts that are known before a merchant saves one, found by their header."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.importing.mapping import signature
from orders.importing.settings import Options, Target


@dataclass(frozen=True, slots=True)
class ChannelWish:
    """The kind of channel that a layout calls for.  No addresses: goods are handed over at the dock."""

    code: str
    name: str
    currency: str
    needs_address: bool
    handover: int  # warehouse.models.Handover


@dataclass(frozen=True, slots=True)
class Preset:
    """A layout with its columns, options and channel."""

    name: str
    header: tuple[str, ...]
    columns: dict[Target, int]
    options: Options
    channel: ChannelWish


ONLINE_RETAIL = Preset(
    name="Online Retail",
    header=("invoice", "ts", "customer", "country", "sku", "qty", "unit_price", "key_src"),
    columns={Target.NUMBER: 0, Target.PLACED_AT: 1, Target.CODE: 4, Target.QUANTITY: 5, Target.UNIT_PRICE: 6},
    options=Options(
        not_goods=("POST", "DOT", "M", "m", "D", "C2", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK", "PADS"),
        no_code=("UNKNOWN",),
        create_skus=True,
        opening_stock=True,
    ),
    channel=ChannelWish("wholesale", "批发（月台交接）", "GBP", needs_address=False, handover=1),
)

PRESETS = (ONLINE_RETAIL,)
_BY_SIGNATURE = {signature(preset.header): preset for preset in PRESETS}


def find_preset(header: Sequence[str]) -> Preset | None:
    """The preset for this header, if it is one."""
    return _BY_SIGNATURE.get(signature(header))
