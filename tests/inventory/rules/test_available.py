"""What can be promised, against brute force: over any mix of promises, allocations, moves and losses."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules import displacing, fefo
from inventory.rules.displacing import Given, Out
from inventory.rules.expiry import NEVER
from inventory.rules.fefo import Shelf, Want
from inventory.rules.promise import Demand, Promised, Reserved, Supply, available, plan_promises, settle
from tests.inventory.matching import most, served

SKU = 1
DAYS = [*(date(2026, 1, 1) + timedelta(days=n) for n in range(4)), NEVER]
days = st.sampled_from(DAYS)
stocks = st.lists(st.tuples(days, st.integers(1, 4)), max_size=5)


class Books:
    """One SKU at one facility: shelves with what is free, reservations, allocations.  Only the rules change them."""

    def __init__(self, stock: list[tuple[date, int]]) -> None:
        self.shelves = {
            n: Shelf(n, SKU, n, day, DAYS[0], n, units) for n, (day, units) in enumerate(stock, 1)
        }
        self.reserved: dict[int, Reserved] = {}
        self.allocated: dict[int, Given] = {}
        self.next_id = 1

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def supplies(self) -> list[Supply]:
        return [Supply(SKU, s.expires_on, s.available) for s in self.shelves.values()]

    def promised(self) -> list[Promised]:
        return [Promised(SKU, r.min_expires_on, r.quantity) for r in self.reserved.values()]

    def free(self, shelf: int, change: int) -> None:
        old = self.shelves[shelf]
        self.shelves[shelf] = replace(old, available=old.available + change)

    def promise(self, day: date, units: int, priority: int) -> bool:
        plan = plan_promises([Demand(1, day, ((SKU, units),))], self.supplies(), self.promised())
        if plan.granted:
            id_ = self.new_id()
            self.reserved[id_] = Reserved(id_, id_, SKU, day, units, priority, DAYS[0])
        return bool(plan.granted)

    def allocate(self, id_: int) -> None:
        row = self.reserved.pop(id_)
        want = Want(row.id, row.owner, SKU, row.min_expires_on, row.quantity)
        plan = fefo.allocate([want], self.shelves.values())
        assert not plan.short
        self.give(plan.takes, {row.id: (row.owner, row.min_expires_on, row.priority)})

    def give(self, takes: tuple[fefo.Take, ...], whose: dict[int, tuple[int, date, int]]) -> None:
        for take in takes:
            id_, (owner, day, priority) = self.new_id(), whose[take.key]
            self.free(take.balance_id, -take.quantity)
            self.allocated[id_] = Given(id_, owner, 0, take.balance_id, take.quantity, day, priority, DAYS[0])  # type: ignore[arg-type]  # a date sorts as well

    def lose(self, shelf: int, units: int) -> None:
        """Units leave a shelf, free ones first; what was allocated gets other lots, then promises are settled."""
        here = [row for row in self.allocated.values() if row.balance_id == shelf]
        units = min(units, self.shelves[shelf].available + sum(row.quantity for row in here))
        loose = max(0, units - self.shelves[shelf].available)
        self.free(shelf, loose - units)
        plan = displacing.displace([Out(shelf, loose)], here)
        for id_, kept in plan.reduced.items():
            self.allocated[id_] = replace(self.allocated[id_], quantity=kept)
        for id_ in plan.ended:
            del self.allocated[id_]
        wants = [Want(n, g.owner_ref, SKU, g.min_expires_on, g.quantity) for n, g in enumerate(plan.freed)]
        again = fefo.allocate(wants, self.shelves.values())
        whose = {n: (g.owner_ref, g.min_expires_on, g.priority) for n, g in enumerate(plan.freed)}
        self.give(again.takes, whose)
        for id_ in settle(self.reserved.values(), self.supplies()).reservations:
            del self.reserved[id_]

    def check(self) -> None:
        stock = [(s.expires_on, s.available) for s in self.shelves.values()]
        promised = [(r.min_expires_on, r.quantity) for r in self.reserved.values()]
        for day in DAYS:
            assert available(self.supplies(), self.promised(), day) == most(stock, promised, day)


@given(stocks, st.data())
def test_available_is_the_most_that_can_be_served(stock: list[tuple[date, int]], data: st.DataObject) -> None:
    books = Books(stock)
    for _ in range(data.draw(st.integers(0, 8))):
        step = data.draw(st.sampled_from(["promise", "promise", "allocate", "lose"]))
        if step == "promise":
            day, units = data.draw(days), data.draw(st.integers(1, 4))
            left = available(books.supplies(), books.promised(), day)
            assert books.promise(day, units, data.draw(st.integers(0, 2))) == (units <= left)
        elif step == "allocate" and books.reserved:
            books.allocate(data.draw(st.sampled_from(sorted(books.reserved))))
        elif step == "lose" and books.shelves:
            books.lose(data.draw(st.sampled_from(sorted(books.shelves))), data.draw(st.integers(1, 4)))
        books.check()


@given(stocks, st.lists(st.tuples(days, st.integers(1, 3)), max_size=4), days)
def test_where_promises_do_not_fit_nothing_is_available(
    stock: list[tuple[date, int]], promised: list[tuple[date, int]], day: date
) -> None:
    units = [d for d, count in stock for _ in range(count)]
    wants = [d for d, count in promised for _ in range(count)]
    found = available([Supply(SKU, *row) for row in stock], [Promised(SKU, *row) for row in promised], day)
    if served(units, wants) == len(wants):
        assert found == most(stock, promised, day)
    elif all(d <= day for d in wants):
        assert found == 0
