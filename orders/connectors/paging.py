"""Pulling what changed, window by window, so that no order is lost whatever changes meanwhile.

The contract of every platform here: a list of the orders whose *modified* instant lies in a window, in pages with a total.  An order that
changes while pages are read leaves the window (its instant becomes now); one may become visible late, but not later than the overlap.
- A window that ends before now - overlap gains no rows, it only loses some.  So its pages are listed from the last to the first: a row
  that leaves moves others only onto pages that are still to come.
- What was listed counts when the total stayed the same and there are so many different rows; else the window is listed again, then halved.
  What fits on one page is one answer and always adds up, unless the platform contradicts itself: then it is Untrue, what was seen is
  stored, and the cursor stays.
- What is younger than the overlap is taken too, for speed, and settles later.
The cursor is the instant up to which everything is stored, and the marks of rows behind it that are: a run that ends in the middle of a
window goes on behind what it has read.  What was read young is read once more when it has settled: two changes within a second have one
mark.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from orders.connectors.errors import Untrue
from orders.connectors.interface import Page, Unread, Window
from orders.connectors.reading import Unreadable, raw
from orders.rules.incoming import IncomingOrder

TRIES = 4  # of one window whose numbers do not add up
MOST_ROWS = 500  # of one window: it is held in memory, and listed again when it does not add up
MOST_MARKS = 4_000  # of a cursor; what it forgets is read again and changes nothing
SECOND = timedelta(seconds=1)  # windows share one: platforms differ about their ends


@dataclass(frozen=True, slots=True)
class Row:
    """An order on a platform's list.  `stamp` changes when the order does; `data` is what the list says of it."""

    key: str
    stamp: str
    data: Any = None

    @property
    def mark(self) -> str:
        return f"{self.key}@{self.stamp}"


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list; `total` is of the whole window."""

    rows: tuple[Row, ...]
    total: int

    @classmethod
    def named(cls, rows: Iterable[Row], total: int) -> "Listing":
        """Raises Untrue for an order without a number."""
        found = tuple(rows)
        if not all(row.key for row in found):
            raise Untrue("shape", "an order without a number")
        return cls(found, total)


class Source(Protocol):
    """A platform's list.  `page_size` of it, and the `widest` window it takes."""

    @property
    def page_size(self) -> int: ...

    @property
    def widest(self) -> timedelta: ...

    @property
    def batch(self) -> int:
        """Orders that are read and stored together."""

    def list_page(self, start: datetime, end: datetime, number: int) -> Listing:
        """Page `number`, from 1, of the rows modified in [start, end], in an order that stays while none of them changes."""

    def read(self, rows: Sequence[Row]) -> tuple[list[IncomingOrder], list[Unread]]:
        """The orders of these rows, in full."""


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor, read.  `settled` and `young`: marks of rows after `at` that are stored, by how they were read."""

    at: datetime
    settled: frozenset[str] = frozenset()
    young: frozenset[str] = frozenset()

    def text(self) -> str:
        marks = {"settled": self.settled, "young": self.young}
        said = {name: sorted(found)[-MOST_MARKS:] for name, found in marks.items()}
        return json.dumps({"at": self.at.astimezone(UTC).isoformat()} | said)


def read_place(cursor: str, first: datetime) -> Place:
    """The place of a cursor; `first` where there is none yet."""
    if not cursor:
        return Place(first)
    said = json.loads(cursor)
    return Place(datetime.fromisoformat(said["at"]), frozenset(said["settled"]), frozenset(said["young"]))


def pull(source: Source, cursor: str, window: Window) -> Iterator[Page]:
    """Pages since the cursor up to now.  Raises what the source raises, and Untrue."""
    place = read_place(cursor, window.first)
    settled = (window.now - window.overlap).replace(microsecond=0)
    width = source.widest
    while place.at < settled:
        end = min(place.at + width, settled)
        start = place.at - SECOND
        first = source.list_page(start, end, 1)
        if first.total > MOST_ROWS and end - place.at > SECOND:
            width = max(SECOND, (end - place.at) / 2)
            continue
        rows, adds_up = _list_settled(source, start, end, first)
        for page, read in _read(source, rows, place.settled):
            place = replace(place, settled=read)
            yield replace(page, cursor=place.text())
        if not adds_up and first.total > source.page_size and end - place.at > SECOND:
            width = max(SECOND, (end - place.at) / 2)
            continue
        if not adds_up:
            raise Untrue("pages", "its pages do not add up to its total")
        place = Place(end, frozenset(), place.young)
        yield Page((), (), place.text())
        width = min(source.widest, width * 2)
    yield from _young(source, place, window.now)


def _young(source: Source, place: Place, now: datetime) -> Iterator[Page]:
    """What may still be joined by others: the cursor remembers the rows and stays at its instant."""
    start = max(place.at - SECOND, now - source.widest)
    rows: dict[str, Row] = {}
    for listing in _pages(source, start, now, source.list_page(start, now, 1)):
        rows.update({row.key: row for row in listing.rows})
    for page, read in _read(source, rows, place.young & {row.mark for row in rows.values()}):
        yield replace(page, cursor=replace(place, young=read).text())


def _read(
    source: Source, rows: Mapping[str, Row], known: frozenset[str]
) -> Iterator[tuple[Page, frozenset[str]]]:
    """The orders of these rows that are not known, in pages, each with all that is known behind it."""
    fresh = [row for row in rows.values() if row.mark not in known]
    for first in range(0, len(fresh), source.batch):
        batch = fresh[first : first + source.batch]
        orders, unread = source.read(batch)
        known |= {row.mark for row in batch}
        yield Page(tuple(orders), tuple(unread)), known


def _list_settled(
    source: Source, start: datetime, end: datetime, first: Listing
) -> tuple[Mapping[str, Row], bool]:
    """All rows that were seen of a window that gains none, and whether one pass added up: its total stayed, and so many rows it had."""
    every: dict[str, Row] = {}
    for attempt in range(TRIES):
        if attempt:
            first = source.list_page(start, end, 1)
        seen: set[str] = set()
        totals = {first.total}
        for listing in _pages(source, start, end, first):
            totals.add(listing.total)
            seen.update(row.key for row in listing.rows)
            every.update({row.key: row for row in listing.rows})
        if totals == {len(seen)}:
            return every, True
    return every, False


def _pages(source: Source, start: datetime, end: datetime, first: Listing) -> Iterator[Listing]:
    """From the last page to the first; where the last should be full, the one after it before, which should be empty."""
    last = -(-first.total // source.page_size)
    if first.total and first.total % source.page_size == 0:
        last += 1
    if last <= 1:
        yield first
        return
    for number in range(last, 0, -1):
        yield source.list_page(start, end, number)


def read_each(
    rows: Sequence[Row], read_one: Callable[[Mapping[str, Any]], IncomingOrder]
) -> tuple[list[IncomingOrder], list[Unread]]:
    """For platforms whose list has whole orders: what cannot be read is Unread, the others go on."""
    orders: list[IncomingOrder] = []
    unread: list[Unread] = []
    for row in rows:
        try:
            orders.append(read_one(row.data))
        except (Unreadable, Untrue) as problem:
            unread.append(Unread(row.key, str(problem), raw(row.data)))
    return orders, unread
