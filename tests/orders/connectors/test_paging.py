"""No order is lost, whatever a platform does within its contract, and nothing is believed that does not add up."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orders.connectors import paging
from orders.connectors.errors import Untrue
from orders.connectors.interface import Unread, Window
from orders.connectors.paging import Listing, Row
from orders.rules.incoming import IncomingLine, IncomingOrder

NOON = datetime(2026, 11, 22, 4, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


@dataclass
class Shop:
    """A platform's list in memory, on a clock of its own.  Between any two calls orders change and new ones become visible late."""

    random: Random
    now: datetime = NOON
    page_size: int = 3
    widest: timedelta = timedelta(hours=1)
    batch: int = 2
    modified: dict[str, datetime] = field(default_factory=dict)
    visible_at: dict[str, datetime] = field(default_factory=dict)
    changes: int = 0  # that may still happen while it is read
    lies: list[str] = field(default_factory=list)
    is_new_first: bool = True
    calls: int = 0

    def change(self, key: str, late: timedelta = timedelta(0)) -> None:
        self.modified[key], self.visible_at[key] = self.now, self.now + late

    def _meanwhile(self) -> None:
        self.now += timedelta(seconds=self.random.randint(0, 40))
        while self.changes and self.random.random() < 0.5:
            self.changes -= 1
            known = sorted(self.modified)
            key = self.random.choice(known) if known and self.random.random() < 0.7 else f"n{self.changes}"
            self.change(key, timedelta(seconds=self.random.choice([0, 0, 30, 400])))

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        self.calls += 1
        self._meanwhile()
        found = sorted(
            (
                key
                for key, at in self.modified.items()
                if start <= at <= end and self.visible_at[key] <= self.now
            ),
            key=lambda key: (self.modified[key], key),
            reverse=self.is_new_first,
        )
        lie = self.lies.pop(0) if self.lies else ""
        first = (number - 1) * self.page_size
        if lie == "duplicate" and first:
            first -= self.page_size
        rows = found[first : first + self.page_size]
        if lie == "missing":
            rows = rows[1:]
        total = len(found) + (2 if lie == "more" else 0)
        if lie == "fewer":
            total = max(0, total - 2)
        return Listing(tuple(Row(key, self.modified[key].isoformat()) for key in rows), total)

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        return [
            IncomingOrder(
                row.key, NOON, 100, (IncomingLine("S", 1, 100),), raw=self.modified[row.key].isoformat()
            )
            for row in rows
        ], []


def follow(shop: Shop, stored: dict[str, str], cursor: str, *, stop_after: int | None = None) -> str:
    """One run: pages are stored, and the cursor with them; `stop_after` pages it is killed."""
    window = Window(shop.now, NOON - timedelta(hours=3), OVERLAP)
    for n, page in enumerate(paging.pull(shop, cursor, window)):
        if n == stop_after:
            return cursor
        for order in page.orders:
            stored[order.external_number] = max(stored.get(order.external_number, ""), order.raw)
        cursor = page.cursor or cursor
    return cursor


def newest(shop: Shop) -> dict[str, str]:
    return {key: at.isoformat() for key, at in shop.modified.items()}


@settings(max_examples=300)
@given(
    seed=st.integers(0, 10**9),
    old=st.integers(0, 25),
    changes=st.integers(0, 30),
    size=st.integers(1, 5),
    is_new_first=st.booleans(),
    kills=st.lists(st.integers(0, 6), max_size=6),
)
def test_every_order_arrives_in_its_newest_state(
    seed: int, old: int, changes: int, size: int, is_new_first: bool, kills: list[int]
) -> None:
    shop = Shop(Random(seed), page_size=size, is_new_first=is_new_first)
    for n in range(old):
        at = NOON - timedelta(minutes=shop.random.randint(0, 170))
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = at
    shop.changes = changes
    stored: dict[str, str] = {}
    cursor = ""
    for pages in kills:
        try:
            cursor = follow(shop, stored, cursor, stop_after=pages)
        except Untrue:
            pass  # so much changed that nothing added up: it waits and is asked again
    while shop.changes:
        try:
            cursor = follow(shop, stored, cursor)
        except Untrue:
            pass
    shop.now += OVERLAP + timedelta(minutes=1)  # quiet: what became visible late is there
    cursor = follow(shop, stored, cursor)
    assert stored == newest(shop)
    before = dict(stored)
    follow(shop, stored, cursor)
    assert stored == before


@settings(max_examples=200)
@given(
    seed=st.integers(0, 10**9),
    old=st.integers(1, 20),
    lies=st.lists(st.sampled_from(["", "duplicate", "missing", "more", "fewer"]), max_size=25),
)
def test_lies_lose_nothing(seed: int, old: int, lies: list[str]) -> None:
    shop = Shop(Random(seed), lies=list(lies))
    for n in range(old):
        at = NOON - timedelta(minutes=shop.random.randint(15, 170))
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = at
    stored: dict[str, str] = {}
    cursor = ""
    for _run in range(40):
        try:
            cursor = follow(shop, stored, cursor)
        except Untrue:
            continue
        if not shop.lies:
            break
    assert stored == newest(shop)


def test_a_platform_that_never_adds_up_is_not_believed() -> None:
    shop = Shop(Random(1), lies=["missing"] * 1_000)
    for n in range(8):
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = NOON - timedelta(minutes=30)
    stored: dict[str, str] = {}
    with pytest.raises(Untrue):
        follow(shop, stored, "")
    assert stored  # what was seen is not thrown away


def test_a_total_that_is_always_too_low_is_found_out() -> None:
    shop = Shop(Random(1), lies=["fewer"] * 1_000)  # five orders, pages of three, "three in all"
    for n in range(5):
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = NOON - timedelta(minutes=30, seconds=n)
    with pytest.raises(Untrue):
        follow(shop, {}, "")


def test_what_is_known_is_read_once_more_when_it_has_settled() -> None:
    shop = Shop(Random(1), page_size=100, batch=100)
    for n in range(30):
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = NOON - timedelta(minutes=n % 9)
    stored: dict[str, str] = {}
    cursor = follow(shop, stored, "")
    assert len(stored) == 30
    again: dict[str, str] = {}
    cursor = follow(shop, again, cursor)
    assert again == {}
    shop.now += OVERLAP
    cursor = follow(shop, again, cursor)
    assert len(again) == 30
    once_more: dict[str, str] = {}
    follow(shop, once_more, cursor)
    assert once_more == {}


def test_two_changes_within_one_second_arrive_both() -> None:
    shop = Shop(Random(1))
    shop.change("o")
    stored: dict[str, str] = {}
    cursor = follow(shop, stored, "")
    stored["o"] = "0"  # what was read before the second change of that second
    shop.now += OVERLAP + timedelta(minutes=1)
    follow(shop, stored, cursor)
    assert stored == newest(shop)


def test_a_window_whose_orders_never_rest_is_halved_until_it_fits_one_page() -> None:
    shop = Shop(Random(1), page_size=2)
    for n in range(12):
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = NOON - timedelta(minutes=20 + 10 * n)
    shop.lies = ["more", ""] * 12  # no two totals are the same
    stored: dict[str, str] = {}
    follow(shop, stored, "")
    assert stored == newest(shop)


def test_a_window_with_too_many_orders_is_halved() -> None:
    shop = Shop(Random(1), page_size=100, batch=1_000)
    for n in range(paging.MOST_ROWS + 50):
        shop.modified[f"o{n}"] = shop.visible_at[f"o{n}"] = NOON - timedelta(seconds=700 + n)
    stored: dict[str, str] = {}
    follow(shop, stored, "")
    assert len(stored) == paging.MOST_ROWS + 50
