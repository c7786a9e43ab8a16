"""Stock under many processes at once, each doing whatever its trade does: reserving, receiving, adjusting, moving, holding, shipping.

Small in tests/races/test_reserve.py, in full in tests/campaigns/races.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Any

from core import db
from core.errors import Conflict
from core.tenancy import tenant
from inventory.models import BinKind, HoldKind, MoveKind
from inventory.services import allocations, handling, holds, promises
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import move_stock
from inventory.services.receiving import ReceiptInput, receive
from inventory.services.reserving import ReserveInput, ReserveLine, reserve
from tests import builders as make
from tests.races.moments import PATIENCE_S, Moment

DAY, SHIP_BY = date(2025, 1, 1), datetime(2026, 6, 3, tzinfo=UTC)
EXPIRES = (None, date(2098, 1, 1), date(2099, 1, 1))
Gate = Callable[[], object]


@dataclass(frozen=True)
class Yard:
    """A facility with some bins of each trade and SKUs; the first is the hottest."""

    tenant_id: int
    facility: int
    skus: list[int]
    picks: list[int]
    storage: int
    damaged: int
    tote: int


def make_yard(tenant_id: int, skus: int, units: int) -> Yard:
    """Every SKU lies in the first pick bin, `units` of it in one lot.  No promise was ever asked for: no anchor exists."""
    with tenant(tenant_id):
        facility = make.make_facility()
        kinds = (BinKind.STORAGE, BinKind.DAMAGED, BinKind.TOTE)
        picks = make.make_bins(facility, 2)
        others = [make.make_bin(facility, kind) for kind in kinds]
        yard = Yard(tenant_id, facility, [make.make_sku() for _ in range(skus)], picks, *others)
        lines = [ReceiptInput(sku, "L0", picks[0], units, EXPIRES[1]) for sku in yard.skus]
        receive(facility_id=facility, reference=make.unique("R"), lines=lines)
        return yard


def zipf(luck: random.Random, count: int) -> Callable[[], int]:
    """Numbers below `count`, the n-th as often as 1/n^1.1."""
    weights = list(accumulate(1 / n**1.1 for n in range(1, count + 1)))
    return lambda: luck.choices(range(count), cum_weights=weights)[0]


def buy(
    gate: Gate, yard: Yard, orders: int, lines: int, batch: int, first_owner: int, seed: int
) -> dict[int, int]:
    """Reserve for `orders` owners of one unit of each of up to `lines` SKUs, in any order of SKUs; units granted by SKU."""
    luck = random.Random(seed)
    pick = zipf(luck, len(yard.skus))
    wishes = []
    for owner in range(first_owner, first_owner + orders):
        chosen = list({yard.skus[pick()] for _ in range(luck.randint(1, lines))})
        luck.shuffle(chosen)
        rows = tuple(ReserveLine(n, sku, 1) for n, sku in enumerate(chosen))
        wishes.append(
            ReserveInput(owner, rows, luck.choice([DAY, date(2098, 1, 1)]), SHIP_BY, luck.randint(0, 2))
        )
    sold: dict[int, int] = {}
    gate()
    for start in range(0, orders, batch):
        part = wishes[start : start + batch]
        with tenant(yard.tenant_id):
            granted = set(reserve(facility_id=yard.facility, requests=part).granted)
        for wish in part:
            for line in wish.lines if wish.owner_ref in granted else ():
                sold[line.sku_id] = sold.get(line.sku_id, 0) + 1
    return sold


def lock_first(gate: Gate, tenant_id: int, rounds: Sequence[Sequence[tuple[int, int]]]) -> int:
    """Lock places that nobody ever locked, a round a transaction, all together at each round; how many rounds."""
    for places in rounds:
        gate()
        with tenant(tenant_id):
            promises.lock_anchors(places)
            time.sleep(0.002)
    return len(rounds)


def lock_facility_by_facility(gate: Gate, tenant_id: int, rounds: Sequence[Sequence[tuple[int, int]]]) -> int:
    """As the pipeline does: one facility after the other, by id, in one transaction."""
    for places in rounds:
        gate()
        with tenant(tenant_id):
            for facility in sorted({place[0] for place in places}):
                promises.lock_anchors(place for place in places if place[0] == facility)
                time.sleep(0.002)
    return len(rounds)


def lock_in_turn(
    gate: Gate,
    tenant_id: int,
    calls: Sequence[Sequence[tuple[int, int]]],
    before: Callable[[], object],
    behind: Callable[[], object],
) -> int:
    """Lock places call by call in one transaction, when something has come; behind the first call something else is waited for."""
    gate()
    before()
    with tenant(tenant_id):
        for n, places in enumerate(calls):
            promises.lock_anchors(places)
            if n == 0:
                behind()
    return len(calls)


def go_on() -> None:
    """Nothing is waited for."""


def meet(mine: Moment, other: Moment) -> None:
    mine.come()
    other.wait()


def trade(gate: Gate, yard: Yard, kind: str, seconds: float, seed: int, least: int = 0) -> dict[str, int]:
    """Do one trade again and again, for so long and until its word was said so often; how often each thing was done or refused."""
    luck, done = random.Random(f"{kind} {seed}"), dict[str, int]()
    owners = seed * 1_000_000
    work = TRADES[kind]
    gate()
    until = time.monotonic() + seconds

    def is_lazy() -> bool:
        return kind in WORD_OF and done.get(WORD_OF[kind], 0) < least

    while (now := time.monotonic()) < until or (is_lazy() and now < until + PATIENCE_S):
        owners += 1
        try:
            with tenant(yard.tenant_id):
                word = work(yard, luck, owners)
        except Conflict as refusal:  # StockShort, StockHeld: the whole step is undone
            word = refusal.code
        done[word] = done.get(word, 0) + 1
    return done


def _reserve(yard: Yard, luck: random.Random, owner: int) -> str:
    skus = luck.sample(yard.skus, luck.randint(1, 3))
    lines = tuple(ReserveLine(n, sku, luck.randint(1, 2)) for n, sku in enumerate(skus))
    wish = ReserveInput(
        owner, lines, luck.choice([DAY, date(2098, 6, 1)]), SHIP_BY + timedelta(luck.randint(0, 3))
    )
    return "reserved" if reserve(facility_id=yard.facility, requests=[wish]).granted else "refused"


def _some(yard: Yard, luck: random.Random, table: str, count: int) -> dict[int, int]:
    """A few owners with the units they have there."""
    found = db.rows(f"SELECT owner_ref, sum(quantity)::int FROM {table} GROUP BY 1 LIMIT 40")
    return dict(luck.sample(found, min(count, len(found))))


def _unreserve(yard: Yard, luck: random.Random, _owner: int) -> str:
    promises.unreserve(list(_some(yard, luck, "inventory_reservation", 1)))
    return "unreserved"


def _allocate(yard: Yard, luck: random.Random, _owner: int) -> str:
    owners = _some(yard, luck, "inventory_reservation", 3)
    if owners:
        allocations.allocate(facility_id=yard.facility, owner_units=owners)
    return "allocated"


def _ship(yard: Yard, luck: random.Random, _owner: int) -> str:
    owners = list(_some(yard, luck, "inventory_allocation", 3))
    if owners:
        handling.pick(totes=dict.fromkeys(owners, yard.tote), document_id=db.new_id())
    return "picked"


def _leave(yard: Yard, luck: random.Random, _owner: int) -> str:
    sql = (
        "SELECT owner_ref FROM inventory_allocation a JOIN inventory_balance b ON b.id = a.balance_id"
        " GROUP BY 1 HAVING bool_and(b.bin_id = %s) LIMIT 5"
    )
    owned = handling.lock_owned([row[0] for row in db.rows(sql, yard.tote)])
    going = [o for o, units in owned.units.items() if 0 < units == owned.in_totes[o] and o not in owned.held]
    if going:
        handling.ship(owner_refs=going)
    return "shipped"


def _receive(yard: Yard, luck: random.Random, owner: int) -> str:
    lines = [
        ReceiptInput(sku, f"L{n}", luck.choice([*yard.picks, yard.storage]), luck.randint(1, 6), EXPIRES[n])
        for sku in luck.sample(yard.skus, 3)
        for n in (luck.randrange(3),)
    ]
    receive(facility_id=yard.facility, reference=f"R{owner}", lines=lines)
    return "received"


def _move(yard: Yard, luck: random.Random, _owner: int) -> str:
    """Some balances give units: to another bin, to the damaged ones, out of the house; or units are found."""
    sql = (
        "SELECT id, bin_id, sku_id, lot_id, on_hand FROM inventory_balance WHERE facility_id = %s AND on_hand > 0"
        " AND bin_id <> %s ORDER BY random() LIMIT %s"
    )
    found = db.rows(sql, yard.facility, yard.tote, luck.randint(1, 3))
    places = [
        (yard.facility, luck.choice([*yard.picks, yard.storage, yard.damaged]), sku, lot)
        for _id, _bin, sku, lot, _n in found
    ]
    into = find_or_make_balances(places)
    moves = []
    for (id_, bin_id, _sku, lot, on_hand), place in zip(found, places, strict=True):
        units, there = luck.randint(1, max(1, on_hand // 2)), into[place[1], lot]
        way = luck.choice(["to", "to", "out", "in"])
        if way == "to" and place[1] != bin_id:
            moves.append(MoveRow(MoveKind.TRANSFER, units, id_, there, db.new_id()))
        elif way == "out":
            moves.append(MoveRow(MoveKind.ADJUST, units, id_, None, db.new_id()))
        else:
            moves.append(MoveRow(MoveKind.ADJUST, units, None, there, db.new_id()))
    if moves:
        move_stock(facility_id=yard.facility, moves=moves, actor_id=None, reason="盘点")
    return "moved"


def _hold(yard: Yard, luck: random.Random, _owner: int) -> str:
    is_held = db.rows("SELECT id FROM inventory_hold WHERE cleared_at IS NULL ORDER BY random() LIMIT 4")
    if len(is_held) > 2:
        holds.clear_hold(hold_id=is_held[0][0], actor_id=None)
        return "cleared"
    lots = [row[0] for row in db.rows("SELECT id FROM inventory_lot ORDER BY random() LIMIT 2")]
    holds.hold_lots(
        lot_ids=lots, kind=luck.choice(list(HoldKind)), document="D", reason="抽检", actor_id=None
    )
    return "held"


Trade = Callable[[Yard, random.Random, int], str]
TRADES: dict[str, Trade] = {
    "reserve": _reserve,
    "unreserve": _unreserve,
    "allocate": _allocate,
    "pick": _ship,
    "ship": _leave,
    "receive": _receive,
    "move": _move,
    "hold": _hold,
}
WORD_OF: dict[str, Any] = {
    "reserve": "reserved",
    "allocate": "allocated",
    "pick": "picked",
    "receive": "received",
    "move": "moved",
}
