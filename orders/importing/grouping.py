"""Rows -> the rows of one order, in two passes over the file.

The first pass counts, and finds the orders whose rows do not stand together: order numbers that began are kept, and
beyond some hundred thousand in a bitmap (16 MB for any file); a number that seems to begin again, truly or by a
collision, is noted with its last row.  The second pass yields orders as they end; the noted ones are kept until their
last row.

Both work on blocks of rows by columns; which rows stand in one block changes nothing of what comes out.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress, count
from operator import ne, sub

from django.utils.translation import gettext as _

from core.sheets.reading import FileRefused, Table
from core.sheets.square import Block, Square
from orders.importing import columns
from orders.importing.columns import Builder
from orders.importing.parsing import Good, Group, Parser
from orders.importing.problems import Code, ParsedGroup

BITS = 1 << 27
EXACT = 200_000  # order numbers that are kept as they are
MAX_ROWS = 5_000_000
MAX_GROUP = 20_000  # rows of one order
MAX_WAITING = 200_000  # rows kept until their order is whole
MAX_CODES = 200_000


@dataclass(slots=True)
class Survey:
    """What the first pass found.

    `scattered`: order number -> its last row; `demand`: units by merchant code, if it was asked for.
    """

    rows: int = 0
    input_units: int = 0
    scattered: dict[str, int] = field(default_factory=dict)
    demand: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Runs:
    """A block without its blank rows, cut where the order number changes.

    `keys[n]` is the number of the rows from `starts[n]` to `ends[n]`; a row without a usable number is a run alone.
    """

    rows: Block
    numbers: Sequence[int]
    keys: list[str | Code]
    starts: list[int]
    ends: list[int]


@dataclass(slots=True)
class _Waiting:
    """Orders whose rows do not stand together, until their last row; `rows`: how many are kept."""

    groups: dict[str, Group] = field(default_factory=dict)
    rows: int = 0


def _nothing() -> None:
    pass


def is_totals(row: list[str]) -> bool:
    """Whether a row without an order number is the sum under the table."""
    first = next((cell for cell in row if cell.strip()), "").strip().lower()
    return first.startswith(("合计", "总计", "小计", "total"))


def _runs(table: Table, parser: Parser, beat: Callable[[], None]) -> Iterator[_Runs]:
    """The whole file, block by block."""
    above = table.header_row
    for block in table.blocks:
        beat()
        rows, numbers = block, range(above + 1, above + len(block) + 1)
        above += len(block)
        keys, has_faults = columns.keys(parser, _wide(parser, rows))
        if has_faults and not all(map(any, rows)):
            kept = [any(row) for row in rows]
            rows, keys = list(compress(rows, kept)), list(compress(keys, kept))
            numbers = list(compress(numbers, kept))  # type: ignore[assignment]
        if not rows:
            continue
        starts = [0, *compress(count(1), map(ne, keys[1:], keys))]
        if has_faults:
            alone = {place for place, key in enumerate(keys) if key.__class__ is Code}
            starts = sorted({*starts, *alone, *(place + 1 for place in alone)} - {len(rows)})
        yield _Runs(rows, numbers, [keys[at] for at in starts], starts, [*starts[1:], len(rows)])


def _wide(parser: Parser, rows: Block) -> Block:
    """Rows in which the column of the order number can be looked at."""
    at = parser.number_at
    if (rows.width if isinstance(rows, Square) else min(map(len, rows))) > at:
        return rows
    return [row if len(row) > at else [""] * (at + 1) for row in rows]


class _Begun:
    """Order numbers that have begun; may say yes by mistake, never no."""

    def __init__(self) -> None:
        self.exact: set[str] = set()
        self.bits = bytearray()

    def are_new(self, keys: Sequence[str]) -> bool:
        """Note them if none has begun before and none is there twice; else note nothing."""
        found = set(keys)
        if len(found) != len(keys) or not self.exact.isdisjoint(found) or self._is_full(len(keys)):
            return False
        self.exact |= found
        return True

    def again(self, key: str) -> bool:
        """Whether it has begun before, and note it."""
        if not self._is_full(1):
            is_known = key in self.exact
            self.exact.add(key)
            return is_known
        return self._mark(key)

    def _is_full(self, more: int) -> bool:
        if not self.bits and len(self.exact) + more <= EXACT:
            return False
        if not self.bits:
            self.bits = bytearray(BITS >> 3)
            for key in self.exact:
                self._mark(key)
            self.exact = set()
        return True

    def _mark(self, key: str) -> bool:
        place = hash(key) & (BITS - 1)
        byte, bit = place >> 3, 1 << (place & 7)
        is_known = bool(self.bits[byte] & bit)
        self.bits[byte] |= bit
        return is_known


class _Surveyor:
    """Follows the runs through the file."""

    def __init__(self) -> None:
        self.found, self.begun = Survey(), _Begun()
        self.now: str | Code = ""
        self.length = self.repeated = 0
        self.is_again = False

    def take(self, runs: _Runs) -> None:
        """Note what begins, and what begins again."""
        keys, starts, ends, last = runs.keys, runs.starts, runs.ends, len(runs.keys) - 1
        first = 0
        if keys[0] == self.now and keys[0].__class__ is self.now.__class__ is str:
            self._go_on(runs, 0)
            first = 1
        fresh = [key for key in keys[first:] if key.__class__ is str]
        is_new = self.begun.are_new(fresh)
        is_short = is_new and max(map(sub, ends, starts)) <= MAX_GROUP
        for place in range(last if is_short and first < last else first, last + 1):
            key = keys[place]
            self.now, self.length = key, 0
            self.is_again = not is_new and key.__class__ is str and self.begun.again(key)
            self._go_on(runs, place)
        self.found.rows += len(runs.rows)
        if self.found.rows > MAX_ROWS:
            words = _("超过 %(n)s 行，分成几个文件再传。") % {"n": MAX_ROWS}
            raise FileRefused(words, code="too_large", row=runs.numbers[-1])

    def _go_on(self, runs: _Runs, place: int) -> None:
        start, end = runs.starts[place], runs.ends[place]
        before, self.length = self.length, self.length + end - start
        if self.length > MAX_GROUP and self.now.__class__ is str:
            row = runs.numbers[start + MAX_GROUP - before]
            words = _("到第 %(row)s 行，同一个订单号已有 %(n)s 行。订单号那一列选对了吗。")
            raise FileRefused(words % {"row": row, "n": MAX_GROUP}, code="order_too_long", row=row)
        if self.is_again:
            self.found.scattered[str(self.now)] = runs.numbers[end - 1]
            self.repeated += end - start
            if self.repeated > MAX_WAITING:
                _refuse_scattered(runs.numbers[end - 1])


def _refuse_scattered(row: int) -> None:
    raise FileRefused(_("很多订单的行散在文件各处。按订单号排序再传。"), code="scattered", row=row)


def survey(
    table: Table, parser: Parser, *, wants_demand: bool = False, beat: Callable[[], None] = _nothing
) -> Survey:
    """Read the whole file once.  Raises FileRefused for what cannot be grouped in bounded memory."""
    surveyor = _Surveyor()
    found, demand = surveyor.found, Counter[str]()
    for runs in _runs(table, parser, beat):
        surveyor.take(runs)
        counted: Block = runs.rows
        if any(key.__class__ is Code for key in runs.keys):
            sums = {
                runs.starts[n]
                for n, key in enumerate(runs.keys)
                if key.__class__ is Code and _fault(key, runs.rows[runs.starts[n]]) is Code.TOTALS
            }
            counted = [row for place, row in enumerate(runs.rows) if place not in sums]
        if counted:
            found.input_units += columns.units(parser, counted)
        if counted and wants_demand:
            _demand(parser, counted, demand)
    found.demand = dict(demand)
    if len(found.demand) > MAX_CODES:
        words = _("文件里有 %(n)s 个商家编码，太多了。编码那一列选对了吗。") % {"n": len(found.demand)}
        raise FileRefused(words, code="too_many_codes")
    return found


def _demand(parser: Parser, rows: Block, demand: Counter[str]) -> None:
    """Add what the good rows ask for."""
    judged = columns.judge(parser, rows)
    for place, (code, quantity) in enumerate(zip(judged.codes, judged.quantities, strict=True)):
        if place not in judged.doubt:
            demand[code] += quantity
            continue
        verdict = parser.judge(rows[place])
        if isinstance(verdict, Good):
            for one, number, _price in verdict.items:
                demand[one] += number


def orders(
    table: Table, parser: Parser, found: Survey, *, skip: int = 0, beat: Callable[[], None] = _nothing
) -> Iterator[ParsedGroup]:
    """Every row of the file, once, in groups: an order and what was not taken of it.  The sequence depends on the
    file alone; the first `skip` groups are left out.
    """
    builder = Builder(parser)
    left = skip
    for runs, whole in _groups(table, parser, found, beat):
        if left < len(whole):
            with _no_collection():
                done = _parsed(parser, builder, runs, whole[left:])
            yield from done
        left = max(0, left - len(whole))


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage while thousands of values are made at once, all of which are wanted."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parsed(
    parser: Parser, builder: Builder, runs: _Runs | None, whole: Sequence[Group | int]
) -> list[ParsedGroup]:
    """Each whole group parsed; those that are a run of this block by columns, if nothing in them is in doubt."""
    ready: dict[int, ParsedGroup] = {}
    places = _named(runs, whole) if runs is not None else []
    if runs is not None and places:
        judged = columns.judge(parser, runs.rows)
        doubt = judged.doubt | columns.too_long(parser, judged.rows, runs.starts)
        if doubt:
            unsure = set(_runs_of(doubt, runs))
            places = [place for place in places if place not in unsure]
        keys, starts, ends = ([values[n] for n in places] for values in (runs.keys, runs.starts, runs.ends))
        made = builder.orders(judged, runs.numbers, keys, starts, ends)  # type: ignore[arg-type]
        if len(made) == len(whole):
            return made
        ready = dict(zip(places, made, strict=True))
    return [
        parser.parse(one)
        if isinstance(one, Group)
        else ready[one]
        if one in ready
        else parser.parse(_group(runs, one))  # type: ignore[arg-type]
        for one in whole
    ]


def _named(runs: _Runs, whole: Sequence[Group | int]) -> list[int]:
    """The runs of this block that have an order number."""
    return [one for one in whole if isinstance(one, int) and runs.keys[one].__class__ is str]


def _runs_of(places: set[int], runs: _Runs) -> Iterator[int]:
    """The runs in which these rows stand."""
    run = 0
    for place in sorted(places):
        while runs.ends[run] <= place:
            run += 1
        yield run


def _group(runs: _Runs, place: int) -> Group:
    start, end, key = runs.starts[place], runs.ends[place], runs.keys[place]
    rows, numbers = list(runs.rows[start:end]), list(runs.numbers[start:end])
    if isinstance(key, Code):
        return Group("", rows, numbers, _fault(key, rows[0]))
    return Group(key, rows, numbers)


def _groups(
    table: Table, parser: Parser, found: Survey, beat: Callable[[], None]
) -> Iterator[tuple[_Runs | None, list[Group | int]]]:
    """Block by block what became whole in it: runs of the block by their place, others as groups."""
    waiting = _Waiting()
    now: Group | None = None  # the end of the block before: it may go on
    for runs in _runs(table, parser, beat):
        whole: list[Group | int] = []
        last, first = len(runs.keys) - 1, 0
        if now is not None and runs.keys[0] == now.number and runs.keys[0].__class__ is str:
            _extend(now, _group(runs, 0))
            first = 1
        if now is not None and first <= last:
            whole.append(now)
            now = None
        if found.scattered:
            whole += _gathered(runs, range(first, last), found.scattered, waiting)
        else:
            whole += range(first, last)
        if first <= last:
            is_open = runs.keys[last].__class__ is str and runs.keys[last] not in found.scattered
            now = _group(runs, last) if is_open else None
            if not is_open:
                whole += _gathered(runs, range(last, last + 1), found.scattered, waiting)
        yield runs, whole
    if now is not None:
        yield None, [now]


def _gathered(
    runs: _Runs, places: range, scattered: Mapping[str, int], waiting: _Waiting
) -> Iterator[Group | int]:
    """These runs; those of scattered orders wait for their last row."""
    for place in places:
        key = runs.keys[place]
        if key not in scattered or key.__class__ is Code:
            yield place
            continue
        more = _group(runs, place)
        group = waiting.groups.setdefault(more.number, Group(more.number, [], []))
        _extend(group, more)
        waiting.rows += len(more.rows)
        if more.numbers[-1] == scattered[more.number]:
            waiting.rows -= len(group.rows)
            yield waiting.groups.pop(more.number)
        elif waiting.rows > 2 * MAX_WAITING:
            _refuse_scattered(more.numbers[-1])


def _extend(group: Group, more: Group) -> None:
    group.rows += more.rows
    group.numbers += more.numbers


def groups(
    table: Table, parser: Parser, found: Survey, *, beat: Callable[[], None] = _nothing
) -> Iterator[Group]:
    """The rows of each group, as they came: what `orders` parses."""
    for runs, whole in _groups(table, parser, found, beat):
        for one in whole:
            yield one if isinstance(one, Group) else _group(runs, one)  # type: ignore[arg-type]


def _fault(key: str | Code, row: list[str]) -> Code:
    """What is wrong with rows without a usable order number."""
    if key is Code.NO_NUMBER and is_totals(row):
        return Code.TOTALS
    return key if isinstance(key, Code) else Code.NO_NUMBER
