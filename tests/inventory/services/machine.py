"""A machine that does to the stock of two tenants whatever the services allow, and looks at every law after every step."""

from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core import db
from core.tenancy import tenant
from inventory.errors import StockShort
from inventory.models import BinKind, HoldKind, MoveKind
from inventory.queries import available
from inventory.services import allocations, holds, promises
from inventory.services.ledger import MoveRow, find_or_make_balances
from inventory.services.moving import Moved, move_stock
from inventory.services.receiving import ReceiptInput, receive
from tests import builders as make
from tests import laws
from tests.conftest import fresh_tenant
from tests.inventory.matching import most
from tests.inventory.services import stock
from tests.inventory.services.dying import Killed, dies_after

LAWS = ("inventory.", "core.copy.inventory", "core.outbox")
DATES = [
    None,
    date(2098, 1, 1),
    date(2098, 6, 1),
    date(2099, 1, 1),
]  # of a lot; a promise may ask for one of them
FLOORS = [stock.DAY, *(day for day in DATES if day)]

either = st.integers(0, 1)
picks = st.integers(0, 10_000)  # taken modulo what there is
few = st.integers(1, 9)
ways = st.sampled_from(["bin", "bin", "damaged", "back", "write off", "found"])


class Side:
    """One tenant: two facilities with two shelves, a storage bin, a cart and a bin for what is damaged each, two SKUs."""

    def __init__(self) -> None:
        self.tenant_id = fresh_tenant()
        self.owners: dict[str, list[tuple[int, int]]] = defaultdict(list)  # stage -> (owner, facility)
        self.holds: list[int] = []
        self.lots: set[int] = set()
        self.shipped: dict[int, int] = defaultdict(int)
        self.found: dict[int, int] = defaultdict(int)
        self.lost: dict[int, int] = defaultdict(int)
        with tenant(self.tenant_id):
            self.facilities = [make.make_facility(), make.make_facility()]
            self.bins = {
                f: [*make.make_bins(f, 2), make.make_bin(f, BinKind.STORAGE)] for f in self.facilities
            }
            self.totes = {f: make.make_bin(f, BinKind.TOTE) for f in self.facilities}
            self.damaged = {f: make.make_bin(f, BinKind.DAMAGED) for f in self.facilities}
            self.skus = [make.make_sku(), make.make_sku()]

    def some(self, stage: str, which: int) -> list[tuple[int, int]]:
        """One or two owners of this stage, of one facility."""
        found = self.owners[stage]
        if not found:
            return []
        first = found[which % len(found)]
        return [first, *[o for o in found if o[1] == first[1] and o != first][:1]]

    def restage(self) -> None:
        """Where owners stand after somebody moved their units: without any, with some outside a cart, or all in carts."""
        sql = (
            "SELECT a.owner_ref, bool_and(n.kind = %s) FROM inventory_allocation a"
            " JOIN inventory_balance b ON b.id = a.balance_id JOIN inventory_bin n ON n.id = b.bin_id GROUP BY 1"
        )
        in_carts = dict(db.rows(sql, int(BinKind.TOTE)))
        owners = [*self.owners["allocated"], *self.owners["picked"]]
        self.owners["allocated"] = [o for o in owners if in_carts.get(o[0]) is False]
        self.owners["picked"] = [o for o in owners if in_carts.get(o[0])]

    def move(self, owners: list[tuple[int, int]], before: str, after: str | None) -> None:
        self.owners[before] = [o for o in self.owners[before] if o not in owners]
        if after:
            self.owners[after] += owners


class StockMachine(RuleBasedStateMachine):
    sides: list[Side]

    @initialize()
    def begin(self) -> None:
        self.sides = [Side(), Side()]

    @rule(side=either, where=picks, what=picks, lot=st.integers(0, 3), units=few)
    def receive(self, side: int, where: int, what: int, lot: int, units: int) -> None:
        s = self.sides[side]
        facility, sku = s.facilities[where % 2], s.skus[what % 2]
        with tenant(s.tenant_id):
            line = ReceiptInput(sku, f"LOT{lot}", s.bins[facility][where % 3], units, DATES[lot])
            receive(facility_id=facility, reference=make.unique("R"), lines=[line])
            s.lots |= {
                row[0] for row in db.rows("SELECT id FROM inventory_lot WHERE tenant_id = %s", s.tenant_id)
            }

    @rule(
        side=either,
        where=picks,
        both=st.booleans(),
        what=picks,
        units=few,
        floor=st.sampled_from(FLOORS),
        priority=st.integers(0, 2),
        days=few,
    )
    def reserve(
        self, side: int, where: int, both: bool, what: int, units: int, floor: date, priority: int, days: int
    ) -> None:
        s = self.sides[side]
        facility, sku = s.facilities[where % 2], s.skus[what % 2]
        wanted = [(one, units) for one in (s.skus if both else [sku])]
        with tenant(s.tenant_id):
            left = {one: available(facility, one, floor) for one, _ in wanted}
            owner = stock.reserve(facility, *wanted, day=floor, priority=priority, days=days)
            fits = all(left[one] >= n for one, n in wanted)
            assert (owner is not None) == fits, "available says what reserve accepts"
            if owner:
                s.owners["reserved"].append((owner, facility))
                assert all(available(facility, one, floor) == left[one] - n for one, n in wanted)

    @rule(side=either, which=picks)
    def allocate(self, side: int, which: int) -> None:
        s = self.sides[side]
        with tenant(s.tenant_id):
            owners = [o for o in s.some("reserved", which) if stock.reserved(o[0])]
            if not owners:
                return
            wanted = {o: stock.reserved(o) for o, _ in owners}
            done = stock.allocate(owners[0][1], *wanted)
            assert not done.short, "by the promise law nothing is short"
            assert {o: sum(stock.allocated(o).values()) for o in wanted} == wanted
        s.move(owners, "reserved", "allocated")

    @rule(side=either, which=picks)
    def pick(self, side: int, which: int) -> None:
        s = self.sides[side]
        owners = s.some("allocated", which)
        if not owners:
            return
        with tenant(s.tenant_id):
            done = stock.pick(s.totes[owners[0][1]], *(o for o, _ in owners))
            assert set(done.held_owners) == {o for o, _ in owners if self._is_held(o, "NOT IN")}
        s.move([o for o in owners if o[0] not in done.held_owners], "allocated", "picked")

    @rule(side=either, which=picks)
    def ship(self, side: int, which: int) -> None:
        s = self.sides[side]
        owners = s.some("picked", which)
        if not owners:
            return
        with tenant(s.tenant_id):
            taken = {o: stock.allocated(o) for o, _ in owners}
            held = {o for o, _ in owners if self._is_held(o, "IN")}
            assert stock.ship(*taken) == (sum(sum(taken[o].values()) for o in taken if o not in held), held)
        for owner in taken.keys() - held:
            for lot, units in taken[owner].items():
                s.shipped[lot] += units
        s.move([o for o in owners if o[0] not in held], "picked", None)

    @rule(side=either, which=picks, kind=st.sampled_from(HoldKind))
    def hold(self, side: int, which: int, kind: HoldKind) -> None:
        s = self.sides[side]
        if not s.lots:
            return
        lot = sorted(s.lots)[which % len(s.lots)]
        with tenant(s.tenant_id):
            s.holds += holds.hold_lots(lot_ids=[lot], kind=kind, document="D", reason="抽检", actor_id=None)

    @precondition(lambda self: any(s.holds for s in self.sides))
    @rule(side=either, which=picks)
    def clear(self, side: int, which: int) -> None:
        s = self.sides[side]
        if s.holds:
            with tenant(s.tenant_id):
                holds.clear_hold(hold_id=s.holds.pop(which % len(s.holds)), actor_id=None)

    @rule(side=either, which=picks)
    def unreserve(self, side: int, which: int) -> None:
        s = self.sides[side]
        owners = s.some("reserved", which)[:1]
        with tenant(s.tenant_id):
            before = sum(stock.reserved(o) for o, _ in owners)
            assert promises.unreserve([o for o, _ in owners]) == before
        s.move(owners, "reserved", None)

    @rule(side=either, which=picks)
    def move(self, side: int, which: int) -> None:
        s = self.sides[side]
        owners = s.some("reserved", which)[:1]
        for owner, here in owners:
            there = next(f for f in s.facilities if f != here)
            with tenant(s.tenant_id):
                before = [stock.promised(f) for f in (here, there)]
                units = stock.reserved(owner)
                if promises.move_reservations([owner], here, there):
                    before = [before[0] - units, before[1] + units]
                    s.move(owners, "reserved", None)
                    s.owners["reserved"].append((owner, there))
                assert [stock.promised(f) for f in (here, there)] == before
                assert stock.reserved(owner) == units

    @rule(side=either)
    def a_stranger_reaches_nothing(self, side: int) -> None:
        mine, theirs = self.sides[side], self.sides[1 - side]
        with tenant(mine.tenant_id):
            for stage in list(theirs.owners.values()):
                assert promises.unreserve([o for o, _ in stage]) == 0
                assert stock.ship(*(o for o, _ in stage)) == (0, set())

    @rule(side=either, which=st.lists(picks, min_size=1, max_size=3), where=picks, units=few, way=ways)
    def move_units(self, side: int, which: list[int], where: int, units: int, way: str) -> None:
        """Balances give units to another bin, the damaged ones, the world; or get some: whatever a paper may ask."""
        s = self.sides[side]
        with tenant(s.tenant_id):
            facility, found = self._balances(s, which, way)
            into = self._targets(s, facility, found, where, way)
            wanted = {row[0]: min(units, row[4]) if way != "write off" else units for row in found}
            is_short = way != "found" and any(wanted[row[0]] > row[4] for row in found)
            rows = [
                MoveRow(
                    MoveKind.WRITE_OFF
                    if way == "write off"
                    else MoveKind.TRANSFER
                    if into
                    else MoveKind.ADJUST,
                    wanted[id_],
                    None if way == "found" else id_,
                    id_ if way == "found" else into.get((self._bin(s, facility, where, way), lot)),
                    db.new_id(),
                )
                for id_, _bin, _sku, lot, _n in found
            ]
            before = self._allocated()
        try:
            with tenant(s.tenant_id):
                done = move_stock(facility_id=facility, moves=rows, actor_id=None) if rows else Moved()
                self._judge(before, done)
                s.restage()
        except StockShort:
            assert is_short
            return
        assert not is_short
        for id_, _bin, _sku, lot, _n in found:
            s.found[lot] += wanted[id_] if way == "found" else 0
            s.lost[lot] += wanted[id_] if way == "write off" else 0

    def _balances(self, s: Side, which: list[int], way: str) -> tuple[int, list[tuple[int, ...]]]:
        """Some balances of one facility, out of a cart too; back: out of the damaged ones."""
        found = db.rows(
            "SELECT id, bin_id, sku_id, lot_id, on_hand, facility_id FROM inventory_balance WHERE on_hand > 0 ORDER BY id"
        )
        if way == "back":
            found = [row for row in found if row[1] in s.damaged.values()]
        if not found:
            return s.facilities[0], []
        first = found[which[0] % len(found)]
        same = [row for row in found if row[5] == first[5]]
        chosen = {row[0]: row[:5] for row in (first, *(same[n % len(same)] for n in which[1:]))}
        return first[5], list(chosen.values())

    @staticmethod
    def _bin(s: Side, facility: int, where: int, way: str) -> int:
        return s.damaged[facility] if way == "damaged" else s.bins[facility][where % 3]

    def _targets(
        self, s: Side, facility: int, found: list[tuple[int, ...]], where: int, way: str
    ) -> dict[tuple[int, int], int]:
        if way in ("write off", "found"):
            return {}
        there = self._bin(s, facility, where, way)
        found[:] = [row for row in found if row[1] != there]
        return dict(find_or_make_balances((facility, there, row[2], row[3]) for row in found))

    @staticmethod
    def _allocated() -> dict[int, int]:
        return dict(db.rows("SELECT owner_ref, sum(quantity)::int FROM inventory_allocation GROUP BY 1"))

    def _judge(self, before: dict[int, int], done: Moved) -> None:
        """Who has fewer units on the floor than before is named as short, and nobody else."""
        after = self._allocated()
        assert {o for o, n in before.items() if after.get(o, 0) < n} == set(done.short_owners)
        assert all(after.get(o, 0) <= n for o, n in before.items())

    @rule(side=either, where=picks, what=picks, floor=st.sampled_from(FLOORS))
    def availability_is_what_can_be_served(self, side: int, where: int, what: int, floor: date) -> None:
        """The largest quantity for which some assignment of units serves every promise and it: found by matching unit by unit."""
        s = self.sides[side]
        facility, sku = s.facilities[where % 2], s.skus[what % 2]
        with tenant(s.tenant_id):
            shelves = db.rows(
                "SELECT coalesce(l.expires_on, '9999-12-31'), b.on_hand - b.allocated FROM inventory_balance b"
                " JOIN inventory_lot l ON l.id = b.lot_id WHERE b.facility_id = %s AND b.sku_id = %s AND b.bin_id = ANY (%s)"
                " AND NOT EXISTS (SELECT FROM inventory_hold h WHERE h.lot_id = l.id AND h.cleared_at IS NULL)",
                facility, sku, s.bins[facility],
            )  # fmt: skip
            rows = db.rows(
                "SELECT min_expires_on, quantity FROM inventory_reservation WHERE facility_id = %s AND sku_id = %s",
                facility, sku,
            )  # fmt: skip
            assert available(facility, sku, floor) == most(shelves, rows, floor)

    @rule(side=either, where=picks, what=picks, units=few, after=st.integers(1, 16), step=st.integers(0, 4))
    def a_step_that_is_killed_never_was(
        self, side: int, where: int, what: int, units: int, after: int, step: int
    ) -> None:
        """The process dies after some statements of a step, or right before its commit: no trace is left."""
        s = self.sides[side]
        facility, sku = s.facilities[where % 2], s.skus[what % 2]
        with tenant(s.tenant_id):
            lying = "SELECT id FROM inventory_balance WHERE facility_id = %s AND on_hand > 0"
            balances = [row[0] for row in db.rows(lying, facility)]
            owed = "SELECT owner_ref, sum(quantity)::int FROM inventory_reservation WHERE facility_id = %s GROUP BY 1 LIMIT 2"
            owners = dict(db.rows(owed, facility))
            before = self._everything()
        with pytest.raises(Killed), dies_after(after), tenant(s.tenant_id):
            if step == 0:
                stock.reserve(facility, (sku, units))
            elif step == 1:
                allocations.allocate(facility_id=facility, owner_units=owners)
            elif step == 2 and balances:
                row = MoveRow(MoveKind.ADJUST, 1, balances[what % len(balances)], None, db.new_id())
                move_stock(facility_id=facility, moves=[row], actor_id=None)
            elif step == 3 and s.lots:
                lot = sorted(s.lots)[what % len(s.lots)]
                holds.hold_lots(lot_ids=[lot], kind=HoldKind.HELD, document="D", reason="抽检", actor_id=None)
            else:
                line = ReceiptInput(sku, "LOT1", s.bins[facility][where % 3], units, DATES[1])
                receive(facility_id=facility, reference=make.unique("R"), lines=[line])
            raise Killed
        with tenant(s.tenant_id):
            assert self._everything() == before

    @staticmethod
    def _everything() -> list[Any]:
        tables = ("balance", "move", "promise", "reservation", "allocation", "hold", "lot", "receipt")
        return [
            db.rows(
                f"SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM inventory_{name} t"
            )
            for name in tables
        ]

    def _is_held(self, owner: int, carts: str) -> bool:
        """Whether an open hold covers units of the owner in (or not in) carts."""
        sql = (
            "SELECT 1 FROM inventory_allocation a JOIN inventory_balance b ON b.id = a.balance_id"
            " JOIN inventory_bin n ON n.id = b.bin_id JOIN inventory_hold h ON h.lot_id = b.lot_id AND h.cleared_at IS NULL"
            f" WHERE a.owner_ref = %s AND n.kind {carts} (%s) LIMIT 1"
        )
        return bool(db.rows(sql, owner, int(BinKind.TOTE)))

    @invariant()
    def every_law_holds(self) -> None:
        for s in getattr(self, "sides", []):
            assert not laws.broken(s.tenant_id, *LAWS)
            with tenant(s.tenant_id):
                for lot in s.lots:
                    found: dict[str, Any] = stock.units(lot)
                    assert found["received"] + s.found[lot] == found["on_hand"] + found["shipped"]
                    assert found["shipped"] == s.shipped[lot] + s.lost[lot]
