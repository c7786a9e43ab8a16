"""A machine that does to the stock of two tenants whatever the services allow, and looks at every law after every step."""

from collections import defaultdict
from datetime import date
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from core import db
from core.tenancy import tenant
from inventory.models import BinKind, HoldKind
from inventory.queries import available
from inventory.services import holds, promises
from inventory.services.receiving import ReceiptInput, receive
from tests import builders as make
from tests import laws
from tests.conftest import fresh_tenant
from tests.inventory.services import stock

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


class Side:
    """One tenant: two facilities with two shelves, a storage bin and a cart each, two SKUs."""

    def __init__(self) -> None:
        self.tenant_id = fresh_tenant()
        self.owners: dict[str, list[tuple[int, int]]] = defaultdict(list)  # stage -> (owner, facility)
        self.holds: list[int] = []
        self.lots: set[int] = set()
        self.shipped: dict[int, int] = defaultdict(int)
        with tenant(self.tenant_id):
            self.facilities = [make.make_facility(), make.make_facility()]
            self.bins = {
                f: [*make.make_bins(f, 2), make.make_bin(f, BinKind.STORAGE)] for f in self.facilities
            }
            self.totes = {f: make.make_bin(f, BinKind.TOTE) for f in self.facilities}
            self.skus = [make.make_sku(), make.make_sku()]

    def some(self, stage: str, which: int) -> list[tuple[int, int]]:
        """One or two owners of this stage, of one facility."""
        found = self.owners[stage]
        if not found:
            return []
        first = found[which % len(found)]
        return [first, *[o for o in found if o[1] == first[1] and o != first][:1]]

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
            assert set(done.held_owners) == {o for o, _ in owners if self._is_held(o)}
        s.move([o for o in owners if o[0] not in done.held_owners], "allocated", "picked")

    @rule(side=either, which=picks)
    def ship(self, side: int, which: int) -> None:
        s = self.sides[side]
        owners = s.some("picked", which)
        if not owners:
            return
        with tenant(s.tenant_id):
            taken = {o: stock.allocated(o) for o, _ in owners}
            held = {o for o, _ in owners if self._is_held(o)}
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

    def _is_held(self, owner: int) -> bool:
        sql = (
            "SELECT 1 FROM inventory_allocation a JOIN inventory_balance b ON b.id = a.balance_id"
            " JOIN inventory_hold h ON h.lot_id = b.lot_id AND h.cleared_at IS NULL WHERE a.owner_ref = %s LIMIT 1"
        )
        return bool(db.rows(sql, owner))

    @invariant()
    def every_law_holds(self) -> None:
        for s in getattr(self, "sides", []):
            assert not laws.broken(s.tenant_id, *LAWS)
            with tenant(s.tenant_id):
                for lot in s.lots:
                    found: dict[str, Any] = stock.units(lot)
                    assert found["received"] == found["on_hand"] + found["shipped"]
                    assert found["shipped"] == s.shipped[lot]
