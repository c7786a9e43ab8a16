"""Lots as their pages show them: what state each is in at the reader's facilities, and all that is known of one."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from core import clock, db
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import UnknownGoods
from inventory.models import Balance, Lot
from inventory.queries.stock import SELLS
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


def in_stock(found: QuerySet[Lot], facility_ids: Sequence[int], *, or_was: bool = False) -> QuerySet[Lot]:
    """Lots of which something lies at these facilities; `or_was`: or lay there once."""
    here = Balance.objects.filter(lot=OuterRef("id"), facility_id__in=facility_ids)
    return found.filter(Exists(here if or_was else here.filter(on_hand__gt=0)))


def in_state(found: QuerySet[Lot], state: LotState, facility_ids: Sequence[int]) -> QuerySet[Lot]:
    """Lots of which something at these facilities is in this state; what each means is inventory.sql's to say."""
    first = first_sellable()
    group = SELLS if state == LotState.NEAR else state.value
    params = db.array(facility_ids), first, first, group
    found = found.filter(
        RawSQL(sql.LOT_HAS_GROUP, params, output_field=BooleanField())  # noqa: S611  a named statement
    )
    if state != LotState.NEAR:
        return found
    return found.filter(
        RawSQL(sql.LOT_ENDS_WITHIN, (first, near_until()), output_field=BooleanField())  # noqa: S611  named
    )


def near_until() -> date:
    """What expires before this day will not sell for long: the tenant's widest stage from today."""
    return minimum_expiry(clock.today(), list_stages(WarningKind.NEAR_EXPIRY)[0])


def list_sums(lot_ids: Sequence[int], facility_ids: Sequence[int]) -> dict[int, LotSum]:
    """What lies of these lots at these facilities; lots with nothing are not named.  One statement."""
    first = first_sellable()
    groups: defaultdict[int, dict[str, int]] = defaultdict(dict)
    allocated: defaultdict[int, int] = defaultdict(int)
    free: defaultdict[int, int] = defaultdict(int)
    for lot_id, group, units, taken in db.rows(
        sql.GROUPS_OF_LOTS, first, first, current_tenant(), db.array(facility_ids), db.array(lot_ids)
    ):
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
