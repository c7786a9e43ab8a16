"""Geometry of "lots by expiry": bars of lots along time, floors as dashed lines.  Pure: values in, numbers of an SVG out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 930, 236
LEFT, RIGHT, TOP, GROUND = 46.0, 914.0, 62.0, 190.0
BAR, GAP, MOST = 34.0, 10.0, 18
GROUPS = ("allocated", "free", "elsewhere", "held", "expired")  # from the ground up


@dataclass(frozen=True, slots=True)
class LotUnits:
    """Units of one lot by what they are; None never expires."""

    lot_id: int
    code: str
    expires_on: date | None
    units: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.units.values())


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of one group."""

    group: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    middle: float
    width: float
    top: float
    lot: LotUnits
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Floor:
    """A dashed line with its flag; `row` 1 lies lower, where two flags would cover each other."""

    x: float
    label: str
    flag_x: float
    flag_width: float
    row: int

    @property
    def flag_y(self) -> float:
        return 2.0 + 22 * self.row

    @property
    def text_x(self) -> float:
        return self.flag_x + self.flag_width / 2


@dataclass(frozen=True, slots=True)
class LotChart:
    """All numbers in the units of the view box WIDTH × HEIGHT.  `left_out`: lots that expire later than those shown."""

    bars: tuple[Bar, ...]
    floors: tuple[Floor, ...]
    levels: tuple[tuple[float, int], ...]
    months: tuple[tuple[float, date], ...]
    expired_width: float
    left_out: int


def lots_of(rows: Iterable[tuple[int, str, date | None, str, int]]) -> list[LotUnits]:
    """(lot, code, expiry, group, units) rows added up by lot, first expired first."""
    sums: dict[tuple[int, str, date | None], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for lot_id, code, expires_on, group, units in rows:
        sums[lot_id, code, expires_on][group] += units
    found = [LotUnits(*key, dict(units)) for key, units in sums.items()]
    return sorted(found, key=lambda lot: (lot.expires_on or date.max, lot.code, lot.lot_id))


def draw(lots: Sequence[LotUnits], today: date, floors: Sequence[tuple[date, str]]) -> LotChart:
    """Bars stand at their expiry dates, pushed apart where they would cover each other; lots that never expire stand last."""
    shown = list(lots[:MOST])
    dated = [lot.expires_on for lot in shown if lot.expires_on]
    first = min([today, *dated]) - timedelta(days=20)
    last = max([today + timedelta(days=60), *dated, *(day for day, _ in floors)]) + timedelta(days=20)
    end = RIGHT - (BAR + GAP) * sum(1 for lot in shown if not lot.expires_on)

    def at(day: date) -> float:
        return LEFT + (end - LEFT) * (day - first).days / (last - first).days

    most = max((lot.total for lot in shown), default=0)
    step = _step(most)
    scale = (GROUND - TOP) / max(1, -(-most // step) * step)
    middles = _apart([at(lot.expires_on) if lot.expires_on else RIGHT for lot in shown])
    return LotChart(
        tuple(_bar(lot, middle, scale) for lot, middle in zip(shown, middles, strict=True)),
        tuple(_floors([(at(day), label) for day, label in sorted(floors)])),
        tuple((GROUND - level * scale, level) for level in range(0, most + step, step))
        if most
        else ((GROUND, 0),),
        tuple((at(day), day) for day in _months(first, last)),
        max(0.0, at(today) - LEFT),
        len(lots) - len(shown),
    )


def _bar(lot: LotUnits, middle: float, scale: float) -> Bar:
    pieces, y = [], GROUND
    for group in GROUPS:
        units = lot.units.get(group, 0)
        if units:
            height = max(2.0, units * scale)
            y -= height
            pieces.append(Piece(group, round(y, 1), round(height, 1)))
    return Bar(round(middle - BAR / 2, 1), round(middle, 1), BAR, round(y - 6, 1), lot, tuple(pieces))


def _apart(wanted: Sequence[float]) -> list[float]:
    """The middles, in their order, at least a bar and a gap apart, inside the picture."""
    step = BAR + GAP
    placed: list[float] = []
    for x in wanted:
        placed.append(max(x, LEFT + BAR / 2 if not placed else placed[-1] + step))
    limit = RIGHT - BAR / 2
    for i in range(len(placed) - 1, -1, -1):
        placed[i] = min(placed[i], limit)
        limit = placed[i] - step
    return placed


def _floors(lines: Sequence[tuple[float, str]]) -> list[Floor]:
    placed: list[Floor] = []
    ends = [float("-inf"), float("-inf")]
    for x, label in lines:
        width = 14 + sum(12.0 if ord(char) > 0x2E80 else 6.6 for char in label)
        flag = min(max(x - width / 2, LEFT), WIDTH - width)
        row = 0 if flag > ends[0] else 1
        ends[row] = flag + width + 4
        placed.append(Floor(round(x, 1), label, round(flag, 1), round(width, 1), row))
    return placed


def _step(most: int) -> int:
    """A round number that divides the height into three to six."""
    step = 1
    while most > 5 * step:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return step


def _months(first: date, last: date) -> list[date]:
    """Firsts of months, at most eight of them."""
    months = (last.year - first.year) * 12 + last.month - first.month
    every = next(step for step in (1, 2, 3, 6, 12, 24, 60, 120, 1200) if months <= 8 * step)
    found = []
    for number in range(1, months + 1):
        index = first.year * 12 + first.month - 1 + number
        if index % every == 0:
            found.append(date(index // 12, index % 12 + 1, 1))
    return found
