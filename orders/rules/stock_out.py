"""How many units a channel may say it has (库存上传): reservable − waiting − kept back, by its strategy.

Channels sell from one pool when they share a facility.  `reservable` is what reserve would accept now for the channel's own minimum
expiry; a channel that wants fresher goods has no more of it than one that wants less.

Laws, unless the merchant lets shops overlap: no number is below 0; everything that all channels say could be reserved at once (so the sum
over one facility's channels is never above what is free there); more stock, or fewer units that wait, never lowers a number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

WHOLE = 100  # percent


@dataclass(frozen=True, slots=True)
class Strategy:
    """`fixed`: at most so many units, taken before shares are; None: `share` percent of what is left.  `kept_back`: units never said."""

    share: int = WHOLE
    fixed: int | None = None
    kept_back: int = 0


@dataclass(frozen=True, slots=True)
class Seller:
    """A channel that sells this SKU.  `reservable`: facility -> units that reserve would accept there for this channel."""

    channel_id: int
    reservable: Mapping[int, int]
    strategy: Strategy = Strategy()


@dataclass(frozen=True, slots=True)
class Level:
    """What one channel says, and how it came about.

    units = free × part for a share, at most `fixed` of it for a fixed number; free = reservable − waiting − kept_back − set_aside.
    `part` is the share after all shares of the pool were brought down to one whole.
    """

    channel_id: int
    units: int
    reservable: int
    waiting: int
    kept_back: int
    set_aside: int  # fixed numbers of other channels of the pool
    part: Fraction
    fixed: int | None

    @property
    def free(self) -> int:
        return max(0, self.reservable - self.waiting - self.kept_back - self.set_aside)


def levels(
    sellers: Sequence[Seller], waiting: Mapping[int, int], *, may_overlap: bool = False
) -> tuple[Level, ...]:
    """The numbers of all channels that sell one SKU, by channel.

    `waiting`: facility -> units of paid orders that stand still there.  `may_overlap`: each channel says what it could sell if it were
    alone; then the shops together may sell more than there is.
    """
    fixed, shares = _sums(sellers)
    found = []
    for seller in sorted(sellers, key=lambda one: one.channel_id):
        given, strategy = set(seller.reservable), seller.strategy
        waits = sum(waiting.get(place, 0) for place in given)
        aside, part = 0, Fraction(strategy.share, WHOLE)
        if strategy.fixed is not None:
            part = Fraction(1)
        if not may_overlap and strategy.fixed is not None:
            most = max((fixed[place] for place in given), default=0)
            part = Fraction(strategy.fixed, most) if most else part
        elif not may_overlap:
            part = Fraction(strategy.share, max(WHOLE, *(shares[place] for place in given), 0))
            aside = sum(
                other.strategy.fixed or 0
                for other in sellers
                if other is not seller and not given.isdisjoint(other.reservable)
            )
        total = sum(seller.reservable.values())
        level = Level(seller.channel_id, 0, total, waits, strategy.kept_back, aside, part, strategy.fixed)
        units = int(level.free * part)
        if strategy.fixed is not None:
            units = min(units, strategy.fixed)
        found.append(_with_units(level, units))
    return tuple(found)


def _sums(sellers: Sequence[Seller]) -> tuple[dict[int, int], dict[int, int]]:
    """Facility -> units that are fixed, and percent that are shared, over the channels that sell from it."""
    fixed: dict[int, int] = {}
    shares: dict[int, int] = {}
    for seller in sellers:
        for place in seller.reservable:
            fixed[place] = fixed.get(place, 0) + (seller.strategy.fixed or 0)
            own = seller.strategy.share if seller.strategy.fixed is None else 0
            shares[place] = shares.get(place, 0) + own
    return fixed, shares


def _with_units(level: Level, units: int) -> Level:
    return Level(
        level.channel_id,
        units,
        level.reservable,
        level.waiting,
        level.kept_back,
        level.set_aside,
        level.part,
        level.fixed,
    )


def spread(units: int, listings: int, *, may_overlap: bool = False) -> tuple[int, ...]:
    """One channel's number over the listings that sell the same SKU there: together they say no more than the number.

    Law: the sum is `units` (each is, where shops may overlap); no two differ by more than one.
    """
    if may_overlap or listings <= 0:
        return (units,) * max(listings, 0)
    each, rest = divmod(units, listings)
    return tuple(each + (place < rest) for place in range(listings))
