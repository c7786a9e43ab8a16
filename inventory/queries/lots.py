"""Lots as their pages show them: what state each is in at the reader's facilities, and all that is known of one."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from core import clock, db
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import UnknownGoods
from inventory.models import Lot
from inventory.queries.balances import find_goods
from inventory.queries.stock import SELLS
from inventory.queries.walking import Conditions, Order, Step, named_rows, walk_lots
from inventory.queries.warnings import WarningKind, list_stages
from inventory.sellable import first_sellable, minimum_expiry

PLACES_SHOWN = 500


class LotState(StrEnum):
    """What a list of lots may be asked for.  A lot may be in several: some of it held, the rest for sale."""

    SELLS = "sells"
    NEAR = "near"  # sells, and is within the tenant's widest stage before its last sellable day
    EXPIRED = "expired"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class LotSum:
    """Units of a lot at some facilities, by the groups of inventory.queries.stock; `free` is what sells and nobody has."""

    on_hand: int = 0
    allocated: int = 0
    free: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LotPlace:
    """Units of one lot in one bin."""

    balance_id: int
    facility_id: int
    bin_id: int
    bin_code: str
    bin_kind: int
    on_hand: int
    allocated: int
    group: str


@dataclass(frozen=True, slots=True)
class LotHold:
    """A hold of the lot, or of a place where it lies; `lot_id` None: everything there."""

    id: int
    kind: str
    lot_id: int | None
    facility_id: int | None
    bin_code: str | None
    document: str
    reason: str
    opened_by_name: str | None
    opened_at: datetime
    cleared_by_name: str | None
    cleared_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.cleared_at is None


@dataclass(frozen=True, slots=True)
class LotReceipt:
    """Units of a lot that came in with one delivery."""

    receipt_id: int
    reference: str
    supplier: str
    facility_id: int
    bin_code: str
    units: int
    created_by_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LotChange:
    """A correction of a lot's dates: field -> [before, after], and why."""

    at: datetime
    actor_name: str | None
    reason: str
    changes: Mapping[str, Sequence[str | None]]


@dataclass(frozen=True, slots=True)
class WantedLots:
    """Which lots: something lies of them at these facilities (`is_empty_too`: or lay there once), and what else is said.

    `text`: a whole barcode, or how the SKU's code begins; `code`: how the lot's begins.
    """

    facility_ids: Sequence[int]
    text: str = ""
    code: str = ""
    state: LotState | None = None
    is_empty_too: bool = False


def list_lot_page(wanted: WantedLots, order: Order, step: Step) -> list[Lot]:
    """A page of lots with their SKUs, in the order of the list; at most five statements."""
    ids = walk_lots(order, _conditions(wanted), step)
    known = {lot.id: lot for lot in Lot.objects.filter(id__in=ids).prefetch_related("sku")}
    rows = [known[id_] for id_ in ids]
    return rows[::-1] if step.is_back else rows


def _conditions(wanted: WantedLots) -> Conditions:
    found = Conditions(wanted.facility_ids)
    if not wanted.is_empty_too or wanted.state is not None:
        found.of_balance.append("b.on_hand > 0")
    if wanted.text:
        sku_id, test = find_goods(wanted.text, found.params)
        found.of_balance.append(f"b.sku_id = {sku_id}" if sku_id is not None else test)
        if sku_id is not None:
            found.of_order.append(f"d.sku_id = {sku_id}")
    if wanted.code:
        found.of_order.append("d.code >= %(lot)s AND d.code < %(lot_end)s")
        found.params |= {"lot": wanted.code, "lot_end": f"{wanted.code}\U0010ffff"}
    if wanted.state is not None:
        is_near = wanted.state == LotState.NEAR
        found.of_balance.append(sql.IN_GROUP[SELLS if is_near else wanted.state.value])
        found.of_order += [sql.LOT_ENDS_WITHIN] if is_near else []
        found.params |= {"first": first_sellable(), "below": near_until()}
    return found


def near_until() -> date:
    """What expires before this day will not sell for long: the tenant's widest stage from today."""
    return minimum_expiry(clock.today(), list_stages(WarningKind.NEAR_EXPIRY)[0])


def list_sums(lot_ids: Sequence[int], facility_ids: Sequence[int]) -> dict[int, LotSum]:
    """What lies of these lots at these facilities; lots with nothing are not named.  One statement."""
    first = first_sellable()
    groups: defaultdict[int, dict[str, int]] = defaultdict(dict)
    allocated: defaultdict[int, int] = defaultdict(int)
    free: defaultdict[int, int] = defaultdict(int)
    params = {
        "tenant": current_tenant(),
        "facilities": db.array(facility_ids),
        "lots": db.array(lot_ids),
        "first": first,
    }
    for lot_id, group, units, taken in named_rows(sql.GROUPS_OF_LOTS, params):
        groups[lot_id][group] = units
        allocated[lot_id] += taken
        free[lot_id] += units - taken if group == SELLS else 0
    return {
        id_: LotSum(sum(units.values()), allocated[id_], free[id_], units) for id_, units in groups.items()
    }


def get_lot(lot_id: int) -> Lot:
    """With its SKU.  Raises UnknownGoods, also for another tenant's."""
    found = Lot.objects.select_related("sku").filter(id=lot_id).first()
    if found is None:
        raise UnknownGoods(_("没有这个批次。"), code="lot_not_found", lot_id=lot_id)
    return found


def list_lot_places(lot_id: int, facility_ids: Sequence[int]) -> list[LotPlace]:
    """Where a lot lies or lay at these facilities, what has something first; the first PLACES_SHOWN + 1."""
    first = first_sellable()
    found = db.rows(sql.PLACES_OF_LOT, first, first, current_tenant(), db.array(facility_ids), lot_id)
    return [LotPlace(*row) for row in found]


def list_lot_holds(lot_id: int, facility_ids: Sequence[int]) -> list[LotHold]:
    """Holds of a lot, open and cleared, and open ones of the places where it lies; the first hundred."""
    found = db.rows(sql.HOLDS_OF_LOT, current_tenant(), lot_id, db.array(facility_ids), lot_id)
    return [LotHold(*row) for row in found]


def list_lot_receipts(lot_id: int, facility_ids: Sequence[int]) -> list[LotReceipt]:
    """How a lot came in, the newest hundred."""
    found = db.rows(sql.RECEIPTS_OF_LOT, current_tenant(), lot_id, db.array(facility_ids))
    return [LotReceipt(*row) for row in found]


def list_lot_changes(lot_id: int) -> list[LotChange]:
    """How its dates were put right, the newest hundred."""
    return [
        LotChange(at, name, *_read(detail))
        for at, name, detail in db.rows(sql.CORRECTIONS_OF_LOT, current_tenant(), lot_id)
    ]


def _read(detail: Any) -> tuple[str, Mapping[str, Sequence[str | None]]]:
    known = json.loads(detail) if isinstance(detail, str) else detail
    return known["reason"], known["changes"]
