"""Reads of stock that others call."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext as _

from core import clock, db
from core.tenancy import current_tenant
from inventory import sql
from inventory.errors import UnknownGoods, UnknownPlace
from inventory.models import Barcode, Sku
from inventory.queries.catalogue import first_picture
from inventory.queries.plans import plan_by_hash
from inventory.queries.walking import named_rows
from inventory.rules import expiry, promise
from inventory.rules.promise import Promised, Supply
from inventory.sellable import first_sellable, list_supplies, minimum_expiry

SELLS = "sells"  # the group of units whose bin, holds and day let them be sold
ANCHOR = date(1, 1, 1)  # the promise row that every (facility, SKU) has; never a real minimum expiry


def list_promised(facility_id: int, sku_ids: Iterable[int]) -> list[Promised]:
    """Units promised and not yet allocated, by SKU and minimum expiry."""
    found = db.rows(
        "SELECT sku_id, min_expires_on, quantity FROM inventory_promise"
        " WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s::bigint[]) AND quantity > 0",
        current_tenant(),
        facility_id,
        db.array(sorted(sku_ids)),
    )
    return [Promised(*row) for row in found]


def available(facility_id: int, sku_id: int, min_expires_on: date) -> int:
    """What reserve would accept now: the same function, never a second formula."""
    return promise.available(
        list_supplies(facility_id, [sku_id]), list_promised(facility_id, [sku_id]), min_expires_on
    )


def stopped_balances(balance_ids: Sequence[int]) -> dict[int, bool]:
    """Those of the balances that may not leave the house, and whether a hold says so: else their last sellable day has passed."""
    found = db.rows(sql.STOPPED_BALANCES, current_tenant(), db.array(balance_ids), first_sellable())
    return {row[0]: row[1] for row in found}


# What pages show.  `facility_ids` are those the reader may see; every function costs a constant number of statements.


@dataclass(frozen=True, slots=True)
class FacilityCard:
    """A facility as a list names it."""

    id: int
    code: str
    name: str
    kind: str


def list_facilities(ids: Sequence[int] | None = None) -> list[FacilityCard]:
    """Active facilities, warehouses before stores, by code; `ids` narrows."""
    found = db.rows(
        "SELECT id, code, name, kind FROM inventory_facility WHERE tenant_id = %s AND is_active ORDER BY kind DESC, code",
        current_tenant(),
    )
    return [FacilityCard(*row) for row in found if ids is None or row[0] in ids]


def list_lot_facilities(lot_ids: Sequence[int]) -> list[int]:
    """Facilities where any of these lots lies."""
    found = db.rows(
        "SELECT DISTINCT facility_id FROM inventory_balance WHERE tenant_id = %s AND lot_id = ANY (%s::bigint[]) AND on_hand > 0",
        current_tenant(),
        db.array(lot_ids),
    )
    return [row[0] for row in found]


@dataclass(frozen=True, slots=True)
class StockRow:
    """Units of one SKU at one facility, every unit on hand in exactly one of the groups.

    on_hand = elsewhere + held + expired + allocated + unallocated; of the unallocated, `promised` are spoken for, `short_dated` expire too
    soon for the SKU's own minimum, `available` is what reserve would accept now for that minimum.
    """

    facility_id: int
    sku_id: int
    on_hand: int = 0
    elsewhere: int = 0
    held: int = 0
    expired: int = 0
    allocated: int = 0
    promised: int = 0
    short_dated: int = 0
    available: int = 0

    @property
    def difference(self) -> int:
        """0 when the sum closes; negative: units promised that the sellable stock does not have."""
        taken = self.elsewhere + self.held + self.expired + self.allocated + self.promised + self.short_dated
        return self.on_hand - taken - self.available

    @property
    def is_problem(self) -> bool:
        return bool(self.held or self.expired or self.difference)


def sum_stock(rows: Iterable[StockRow], sku_id: int) -> StockRow:
    """One SKU over several facilities.  Available adds up: each facility promises for itself."""
    names = ("on_hand", "elsewhere", "held", "expired", "allocated", "promised", "short_dated", "available")
    found = list(rows)
    return StockRow(0, sku_id, **{name: sum(getattr(row, name) for row in found) for name in names})


@dataclass(slots=True)
class _Place:
    """What is read about one SKU at one facility, before it is judged."""

    sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    supplies: list[Supply] = field(default_factory=list)
    promised: list[Promised] = field(default_factory=list)

    def add(self, sku_id: int, group: str, expires_on: date | None, units: int, allocated: int) -> None:
        self.sums["on_hand"] += units
        if group != SELLS:
            self.sums[group] += units
            return
        self.sums["allocated"] += allocated
        if units > allocated:
            self.supplies.append(Supply(sku_id, expires_on or expiry.NEVER, units - allocated))


_Places = dict[tuple[int, int], _Place]


def list_stock(facility_ids: Sequence[int], min_days: Mapping[int, int]) -> list[StockRow]:
    """What lies where and what of it is for sale, in three statements.

    `min_days`: SKU -> the days it must still last (its own minimum).
    """
    tenant_id, facilities, skus = current_tenant(), db.array(facility_ids), db.array(sorted(min_days))
    places: _Places = defaultdict(_Place)
    params = {"tenant": tenant_id, "facilities": facilities, "skus": skus, "first": first_sellable()}
    found = named_rows(sql.STOCK_GROUPS, params)
    ends = _ends([lot_id for *_rest, group, lot_id, _units, _allocated in found if group == SELLS])
    for facility_id, sku_id, group, lot_id, units, allocated in found:
        places[facility_id, sku_id].add(sku_id, group, ends.get(lot_id), units, allocated)
    for place, promised in _promised_by_place((tenant_id, facilities, skus)).items():
        places[place].promised = promised
    return _judge(places, min_days)


def _ends(lot_ids: Iterable[int]) -> dict[int, date | None]:
    """When lots expire; None: never."""
    statement = "SELECT id, expires_on FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
    return dict(db.rows(statement, current_tenant(), db.array(sorted(set(lot_ids)))))


def _judge(places: _Places, min_days: Mapping[int, int]) -> list[StockRow]:
    """Available by the one rule that reserve uses, once for any sellable unit, once for the SKU's own minimum."""
    first = first_sellable()
    floors: dict[int, date] = {}
    rows = []
    for place, seen in sorted(places.items()):
        days = min_days[place[1]]
        floor = floors.setdefault(days, minimum_expiry(clock.today(), days))
        for_any = promise.available(seen.supplies, seen.promised, first)
        for_sale = promise.available(seen.supplies, seen.promised, floor) if days else for_any
        units = sum(row.units for row in seen.promised)
        rest = {"promised": units, "short_dated": for_any - for_sale, "available": for_sale}
        rows.append(StockRow(place[0], place[1], **seen.sums, **rest))
    return rows


@dataclass(frozen=True, slots=True)
class SkuStock:
    """One SKU explained: where it lies, the sum by facility, and the promise law step by step."""

    balances: Sequence["BalanceRow"]
    rows: Sequence[StockRow]
    lines: Sequence["PromiseLine"]


def explain_stock(facility_ids: Sequence[int], sku: Sku) -> SkuStock:
    """The same sums as `list_stock`, from the balances themselves; two statements."""
    balances = list_balances(facility_ids, sku.id)
    places: _Places = defaultdict(_Place)
    for row in balances:
        places[row.facility_id, sku.id].add(sku.id, row.group, row.expires_on, row.on_hand, row.allocated)
    params = current_tenant(), db.array(facility_ids), db.array([sku.id])
    for place, promised in _promised_by_place(params).items():
        places[place].promised = promised
    rows = _judge(places, {sku.id: sku.min_remaining_days})
    return SkuStock(balances, rows, _promise_lines(places))


def list_available(facility_ids: Sequence[int], floors: Mapping[int, date]) -> dict[tuple[int, int], int]:
    """(facility, SKU) -> what reserve would accept now for that SKU's minimum expiry: `available` in bulk, two statements."""
    steps = list_steps(facility_ids, {sku_id: (day,) for sku_id, day in floors.items()})
    return {place: found[0][1] for place, found in steps.items()}


def list_steps(
    facility_ids: Sequence[int], days: Mapping[int, Collection[date]]
) -> dict[tuple[int, int], list[tuple[date, int]]]:
    """(facility, SKU) -> (minimum expiry, what reserve would accept now for it), for each of the SKU's `days`; two statements."""
    params = current_tenant(), db.array(facility_ids), db.array(sorted(days))
    supplies: dict[tuple[int, int], list[Supply]] = defaultdict(list)
    for facility_id, *supply in db.rows(sql.SUPPLIES_OF_MANY, *params, first_sellable()):
        supplies[facility_id, supply[0]].append(Supply(*supply))
    promised = _promised_by_place(params)
    return {
        (facility_id, sku_id): [
            (day, promise.available(supplies[facility_id, sku_id], promised[facility_id, sku_id], day))
            for day in sorted(wanted)
        ]
        for facility_id in facility_ids
        for sku_id, wanted in days.items()
    }


def _promised_by_place(params: tuple[object, ...]) -> dict[tuple[int, int], list[Promised]]:
    found: dict[tuple[int, int], list[Promised]] = defaultdict(list)
    for facility_id, sku_id, day, units in db.rows(
        "SELECT facility_id, sku_id, min_expires_on, quantity FROM inventory_promise"
        " WHERE tenant_id = %s AND facility_id = ANY (%s::bigint[]) AND sku_id = ANY (%s::bigint[]) AND quantity > 0",
        *params,
    ):
        found[facility_id, sku_id].append(Promised(sku_id, day, units))
    return found


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """One step of the promise law at a facility: units promised for `min_expires_on` or later, and units that would do."""

    facility_id: int
    min_expires_on: date
    promised: int
    fitting: int

    @property
    def is_kept(self) -> bool:
        return self.promised <= self.fitting


def _promise_lines(places: _Places) -> list[PromiseLine]:
    lines = []
    for (facility_id, _sku), seen in sorted(places.items()):
        lines += [
            PromiseLine(facility_id, step.day, step.promised, step.fitting)
            for step in promise.law_steps(seen.supplies, seen.promised)
        ]
    return lines


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """Units of one lot in one bin.  `ledger` is what its last move left: the same as on_hand, or something is wrong."""

    id: int
    facility_id: int
    bin_code: str
    bin_kind: int
    lot_id: int
    lot_code: str
    expires_on: date | None
    produced_on: date | None
    received_on: date
    on_hand: int
    allocated: int
    group: str
    is_held: bool
    ledger: int

    @property
    def sells(self) -> bool:
        return self.group == SELLS


def list_balances(facility_ids: Sequence[int], sku_id: int) -> list[BalanceRow]:
    """Where one SKU lies, first expired first, then by the picker's walk."""
    first = first_sellable()
    found = db.rows(sql.BALANCES_OF_SKU, first, first, current_tenant(), db.array(facility_ids), sku_id)
    return [BalanceRow(*row) for row in found]


@dataclass(frozen=True, slots=True)
class PlaceOfBalance:
    """What a balance is: for the head of its ledger."""

    id: int
    facility_id: int
    facility_name: str
    bin_code: str
    bin_kind: int
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    lot_id: int
    lot_code: str
    expires_on: date | None
    on_hand: int
    allocated: int
    seq: int


def get_balance(balance_id: int) -> PlaceOfBalance:
    """Raises UnknownPlace."""
    found = db.rows(sql.ONE_BALANCE, current_tenant(), balance_id)
    if not found:
        raise UnknownPlace(_("没有这一条库存。"), balance_id=balance_id)
    return PlaceOfBalance(*found[0])


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One move as one balance saw it: `change` is signed, `after` is what was left."""

    move_id: int
    balance_id: int
    seq: int
    change: int
    after: int
    kind: int
    document_id: int
    reference: str | None
    actor_name: str | None
    reason: str
    at: datetime
    lot_code: str
    bin_code: str

    @property
    def before(self) -> int:
        return self.after - self.change


def list_ledger(balance_id: int, *, before_seq: int | None, limit: int) -> list[LedgerRow]:
    """Moves of one balance, newest first, from the sequence number below `before_seq`: two index scans of `limit` rows."""
    top = before_seq if before_seq is not None else 2**31 - 1
    tenant_id = current_tenant()
    return [
        LedgerRow(*row)
        for row in db.rows(
            sql.LEDGER, tenant_id, balance_id, top, limit, tenant_id, balance_id, top, limit, limit
        )
    ]


def list_recent_moves(facility_ids: Sequence[int], sku_id: int, limit: int) -> list[LedgerRow]:
    """The newest moves of one SKU where it lies now, newest first; each balance is entered by its own index."""
    plan_by_hash()
    tenant_id = current_tenant()
    params = tenant_id, db.array(facility_ids), sku_id, tenant_id, limit, tenant_id, limit, limit
    return [LedgerRow(*row) for row in db.rows(sql.RECENT_MOVES, *params)]


@dataclass(frozen=True, slots=True)
class HoldRow:
    """One hold, open or cleared; its scope is a lot, a facility, a bin, or a pair of these."""

    id: int
    kind: str
    lot_id: int | None
    lot_code: str | None
    facility_id: int | None
    bin_code: str | None
    document: str
    reason: str
    opened_by_name: str | None
    opened_at: datetime
    cleared_at: datetime | None


def list_holds(lot_ids: Sequence[int], facility_ids: Sequence[int]) -> list[HoldRow]:
    """Open holds that touch these lots at these facilities, gravest first."""
    found = db.rows(sql.OPEN_HOLDS, current_tenant(), db.array(lot_ids), db.array(facility_ids))
    return [HoldRow(*row) for row in found]


def get_hold(hold_id: int) -> HoldRow:
    """Raises UnknownGoods."""
    found = db.rows(sql.ONE_HOLD, current_tenant(), hold_id)
    if not found:
        raise UnknownGoods(_("没有这条冻结。"), code="hold_not_found", hold_id=hold_id)
    return HoldRow(*found[0])


def list_people(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Names of colleagues by user id."""
    ids = sorted({id_ for id_ in user_ids if id_ is not None})
    return (
        dict(db.rows("SELECT id, name FROM core_user WHERE id = ANY (%s::bigint[])", db.array(ids)))
        if ids
        else {}
    )


def get_sku(sku_id: int) -> Sku:
    """Raises UnknownGoods, also for another tenant's."""
    found = Sku.objects.filter(id=sku_id).first()
    if found is None:
        raise UnknownGoods(_("没有这个商品。"), sku_id=sku_id)
    return found


def get_sku_with_barcodes(sku_id: int) -> tuple[Sku, Sequence[str]]:
    """The same with its barcodes and its first picture (`picture_id`), in one statement."""
    codes = Barcode.objects.filter(sku_id=OuterRef("pk")).order_by("code").values("code")
    found = (
        Sku.objects.annotate(barcode_list=ArraySubquery(codes), picture_id=first_picture())
        .filter(id=sku_id)
        .first()
    )
    if found is None:
        raise UnknownGoods(_("没有这个商品。"), sku_id=sku_id)
    return found, found.barcode_list


def list_barcodes(sku_id: int) -> list[str]:
    return list(Barcode.objects.filter(sku_id=sku_id).order_by("code").values_list("code", flat=True))


def list_lot_choices(sku_id: int) -> list[tuple[int, str]]:
    """(id, code) of the SKU's lots that lie somewhere, first expired first."""
    return [
        (row[0], row[1])
        for row in db.rows(
            "SELECT l.id, l.code FROM inventory_lot l WHERE l.tenant_id = %s AND l.sku_id = %s AND EXISTS (SELECT FROM inventory_balance b"
            " WHERE b.tenant_id = l.tenant_id AND b.lot_id = l.id AND b.on_hand > 0) ORDER BY l.expires_on NULLS LAST, l.code LIMIT 500",
            current_tenant(),
            sku_id,
        )
    ]


def find_sku_of_lot(lot_id: int) -> int | None:
    found = db.rows(
        "SELECT sku_id FROM inventory_lot WHERE tenant_id = %s AND id = %s", current_tenant(), lot_id
    )
    return found[0][0] if found else None


@dataclass(frozen=True, slots=True)
class GoodsCard:
    """A SKU as receiving and scanning need it."""

    id: int
    code: str
    name: str
    unit: str
    shelf_life_days: int | None
    shelf_life_months: int | None


def list_goods_by_code(codes: Iterable[str]) -> dict[str, GoodsCard]:
    """Merchant code or barcode -> SKU, for those that exist; the merchant's own code wins.  One statement."""
    wanted = db.array(sorted(set(codes) - {""}))
    tenant_id = current_tenant()
    found = db.rows(sql.GOODS_BY_CODE, tenant_id, wanted, tenant_id, wanted)
    return {row[1]: GoodsCard(*row[2:]) for row in found}  # own codes come last, so they overwrite


@dataclass(frozen=True, slots=True)
class BinCard:
    id: int
    code: str
    kind: int


def list_bins_by_code(facility_id: int, codes: Iterable[str]) -> dict[str, BinCard]:
    """Bins of one facility by their code, for those that exist."""
    found = db.rows(
        "SELECT id, code, kind FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND code = ANY (%s::text[])",
        current_tenant(),
        facility_id,
        db.array(sorted(set(codes) - {""})),
    )
    return {row[1]: BinCard(*row) for row in found}


def list_barcode_owners(codes: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Barcode -> (SKU id, SKU code), for those that are taken."""
    found = db.rows(
        "SELECT b.code, s.id, s.code FROM inventory_barcode b JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id"
        " WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])",
        current_tenant(),
        db.array(sorted(set(codes))),
    )
    return {row[0]: (row[1], row[2]) for row in found}
