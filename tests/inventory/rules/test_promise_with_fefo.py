"""The reason for the promise law: what was promised can be served, in any order, whatever happened since."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf, Want, allocate
from inventory.rules.promise import Demand, Promised, Reserved, Supply, plan_promises, settle

DAYS = [*(date(2026, 1, 1) + timedelta(days=n) for n in range(5)), NEVER]
days = st.sampled_from(DAYS)
sku_ids = st.integers(1, 2)


@dataclass
class Facility:
    """Stock and reservations kept as plainly as possible."""

    shelves: dict[int, Shelf]
    reserved: dict[int, Reserved] = field(default_factory=dict)
    next_id: int = 1

    def supplies(self) -> list[Supply]:
        return [Supply(s.sku_id, s.expires_on, s.available) for s in self.shelves.values()]

    def promise(self, demands: list[Demand], priority: int) -> None:
        promised = [Promised(r.sku_id, r.min_expires_on, r.quantity) for r in self.reserved.values()]
        granted = set(plan_promises(demands, self.supplies(), promised).granted)
        for demand in demands:
            for sku_id, units in demand.units if demand.key in granted else ():
                row = Reserved(
                    self.next_id, demand.key, sku_id, demand.min_expires_on, units, priority, DAYS[0]
                )
                self.reserved[row.id] = row
                self.next_id += 1

    def change(self, balance_id: int, units: int) -> None:
        old = self.shelves[balance_id]
        self.shelves[balance_id] = Shelf(
            old.balance_id, old.sku_id, old.lot_id, old.expires_on, old.received_on, old.sequence, units
        )

    def lose(self, balance_id: int, units: int) -> None:
        self.change(balance_id, max(0, self.shelves[balance_id].available - units))
        for ident in settle(self.reserved.values(), self.supplies()).reservations:
            del self.reserved[ident]

    def serve(self, ids: list[int]) -> None:
        """Allocates some reservations, in the order given; by the law that cannot fail."""
        rows = [self.reserved.pop(ident) for ident in ids]
        wants = [Want(row.id, row.owner, row.sku_id, row.min_expires_on, row.quantity) for row in rows]
        plan = allocate(wants, self.shelves.values())
        assert plan.short == {}
        for take in plan.takes:
            self.change(take.balance_id, self.shelves[take.balance_id].available - take.quantity)


@given(st.data())
def test_no_promise_fails_under_any_mix_of_promises_losses_and_service(data: st.DataObject) -> None:
    stock = data.draw(
        st.lists(st.tuples(sku_ids, days, st.integers(1, 4), st.integers(0, 7)), min_size=1, max_size=8)
    )
    facility = Facility(
        {
            ident: Shelf(ident, sku_id, ident, expires_on, DAYS[0], sequence, units)
            for ident, (sku_id, expires_on, sequence, units) in enumerate(stock, start=1)
        }
    )
    for _ in range(data.draw(st.integers(1, 7))):
        step = data.draw(st.sampled_from(["promise", "promise", "lose", "serve"]))
        if step == "promise":
            units = st.lists(st.tuples(sku_ids, st.integers(1, 3)), min_size=1, max_size=3)
            wanted = data.draw(st.lists(st.tuples(days, units), min_size=1, max_size=5))
            demands = [Demand(key, day, tuple(pairs)) for key, (day, pairs) in enumerate(wanted)]
            facility.promise(demands, priority=data.draw(st.integers(0, 2)))
        elif step == "lose":
            facility.lose(data.draw(st.sampled_from(sorted(facility.shelves))), data.draw(st.integers(1, 7)))
        else:
            ids = data.draw(st.permutations(sorted(facility.reserved)))
            facility.serve(ids[: data.draw(st.integers(0, len(ids)))])
    facility.serve(data.draw(st.permutations(sorted(facility.reserved))))
