"""After-sales: what partial refunds are worth line by line, and what a refund before shipping takes out of an order.

Money. What was paid for an order is spread over its lines once (`paid_of`). What all refunds so far mean for each line is worked out anew
from their sums (`refunded`), and a new refund books the difference (`book`), which may move a cent between lines.
Laws: the lines' refunds add up to the refunds, up to what was paid; no line gets back more than was paid for it; the order in which
refunds come changes nothing in the end; when all is refunded, each line is refunded to the cent.

Goods. Units leave from where it costs least: what is in no parcel, then the parcels that have come least far, of these whole parcels first.
Laws: units that leave, and those that are too late, are the units asked, and never more than the line has; nothing is taken out of a
parcel that has left the building; the order in which anything is listed changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from orders.rules.expanding import spread

__all__ = [
    "Booking",
    "Cut",
    "HeldLine",
    "HeldParcel",
    "PaidLine",
    "Refund",
    "Withdrawal",
    "Withdrawn",
    "book",
    "paid_of",
    "refunded",
    "withdraw",
]


@dataclass(frozen=True, slots=True)
class PaidLine:
    """What was paid for one line, after discounts and with its share of charges: minor units, not below 0."""

    id: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back: for one line, or, None, for the order as a whole. Above 0."""

    id: int
    amount_minor: int
    line_id: int | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """What one refund changes, line by line, by id, without zeros; a line may give a cent to another. `over_minor`: the part of it that is
    more than was paid, and belongs to no line.
    """

    lines: tuple[tuple[int, int], ...]
    over_minor: int


def paid_of(amount_minor: int, lines: Iterable[tuple[int, int]]) -> tuple[PaidLine, ...]:
    """What was paid for an order, spread over (line id, what the line costs) by largest remainder; by id. Gifts cost 0 and are paid 0."""
    listed = sorted(lines)
    if not listed:
        return ()
    shares = spread(max(0, amount_minor), [max(0, minor) for _id, minor in listed])
    return tuple([PaidLine(id_, share) for (id_, _minor), share in zip(listed, shares, strict=True)])


def refunded(lines: Sequence[PaidLine], refunds: Iterable[Refund]) -> tuple[Mapping[int, int], int]:
    """What all these refunds together give back for each line, and what of them is more than was paid.

    A line's own refunds fill it up to what was paid for it. Refunds of the whole order, of lines that it does not have, and what is too
    much for a line are spread over what is left of the lines.
    """
    listed = sorted(lines, key=attrgetter("id"))
    own: Counter[int] = Counter()
    whole_minor = 0
    for one in refunds:
        if one.line_id is None:
            whole_minor += one.amount_minor
        else:
            own[one.line_id] += one.amount_minor
    back = {line.id: min(line.paid_minor, own[line.id]) for line in listed}
    whole_minor += own.total() - sum(back.values())
    left = [line.paid_minor - back[line.id] for line in listed]
    shared_minor = min(whole_minor, sum(left))
    if shared_minor:
        for line, share in zip(listed, spread(shared_minor, left), strict=True):
            back[line.id] += share
    return back, whole_minor - shared_minor


def book(lines: Sequence[PaidLine], before: Iterable[Refund], refund: Refund) -> Booking:
    """What one more refund changes, given those that were booked before."""
    booked = tuple(before)
    was, was_over = refunded(lines, booked)
    now, over = refunded(lines, (*booked, refund))
    changes = [(id_, now[id_] - was[id_]) for id_ in now if now[id_] != was[id_]]
    return Booking(tuple(changes), over - was_over)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line of an order that has not shipped, or not all of it. `quantity`: without what was withdrawn before. `bundle`: what it is a part
    of, 0: nothing, and `per_bundle` units of it are in one. `is_gift`: it goes along for nothing.
    """

    id: int
    quantity: int
    bundle: int = 0
    per_bundle: int = 1
    is_gift: bool = False


@dataclass(frozen=True, slots=True)
class HeldParcel:
    """A parcel of the order. `stage` rises on its way: waiting, in a wave, picked, packed. `items`: (line id, units)."""

    id: int
    stage: int
    is_shipped: bool
    items: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a refund asks for: units of a line, or whole bundles; None: all of it."""

    line_id: int = 0
    bundle: int = 0
    units: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """Units of a line that leave a parcel; `parcel_id` None: they were in none yet."""

    parcel_id: int | None
    line_id: int
    units: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What a refund before shipping does. `cuts` by parcel and line. `cancelled`: parcels that hold nothing any more; `opened`: those that
    lose a part. `too_late`: (line, units) that have left the building: a return. `is_whole`: nothing is left to ship.
    """

    cuts: tuple[Cut, ...]
    cancelled: tuple[int, ...]
    opened: tuple[int, ...]
    too_late: tuple[tuple[int, int], ...]
    is_whole: bool


def withdraw(
    lines: Sequence[HeldLine], parcels: Sequence[HeldParcel], asked: Iterable[Withdrawn]
) -> Withdrawal:
    """What leaves an order that is not shipped, or not all of it. Nothing asked: nothing leaves.

    Asking for a bundle asks for its units of each part. Gifts leave when nothing that was sold is left, shipped or not. Asking for more
    than there is asks for all.
    """
    wanted = _wanted(lines, asked)
    kept_sold = any(line.quantity > wanted[line.id] for line in lines if not line.is_gift)
    if wanted and not kept_sold:
        for line in lines:
            if line.is_gift:
                wanted[line.id] = line.quantity
    shipped: Counter[int] = Counter()
    here: dict[int, Counter[int]] = {}
    for parcel in parcels:
        if parcel.is_shipped:
            shipped.update(dict(parcel.items))
        else:
            here[parcel.id] = Counter(dict(parcel.items))
    loose: Counter[int] = Counter()
    for line in lines:
        boxed = shipped[line.id] + sum(content[line.id] for content in here.values())
        loose[line.id] = max(0, line.quantity - boxed)
    cuts = _cut_loose(wanted, loose)
    cuts += _cut_parcels(wanted, here, {parcel.id: parcel.stage for parcel in parcels})
    late = [(id_, units) for id_, units in sorted(wanted.items()) if units]
    touched = {cut.parcel_id for cut in cuts}
    left = sum(loose.values()) + sum(content.total() for content in here.values())
    return Withdrawal(
        tuple(sorted(cuts, key=lambda cut: (cut.parcel_id is not None, cut.parcel_id or 0, cut.line_id))),
        tuple(sorted(id_ for id_ in here if id_ in touched and not here[id_].total())),
        tuple(sorted(id_ for id_ in here if id_ in touched and here[id_].total())),
        tuple(late),
        bool(cuts) and not left,
    )


def _wanted(lines: Sequence[HeldLine], asked: Iterable[Withdrawn]) -> Counter[int]:
    """Units asked for, by line, at most what the line has; without zeros."""
    wanted: Counter[int] = Counter()
    for one in asked:
        for line in lines:
            if (one.bundle == line.bundle) if one.bundle else (one.line_id == line.id):
                each = line.per_bundle if one.bundle else 1
                wanted[line.id] += line.quantity if one.units is None else one.units * each
    for line in lines:
        wanted[line.id] = min(wanted[line.id], line.quantity)
    return +wanted


def _cut_loose(wanted: Counter[int], loose: Counter[int]) -> list[Cut]:
    """Takes what is in no parcel, and leaves in `wanted` what is still asked for."""
    cuts = []
    for id_ in list(wanted):
        units = min(wanted[id_], loose[id_])
        if units:
            wanted[id_] -= units
            loose[id_] -= units
            cuts.append(Cut(None, id_, units))
    return cuts


def _cut_parcels(
    wanted: Counter[int], here: Mapping[int, Counter[int]], stages: Mapping[int, int]
) -> list[Cut]:
    """Takes from parcels until nothing is asked for, or nothing of it is there: first what cancels a parcel, then parts; of either the
    least far first, then those that hold, or give, most, then by id.
    """
    cuts: list[Cut] = []
    whole = [
        id_
        for id_ in sorted(here, key=lambda id_: (stages[id_], -here[id_].total(), id_))
        if here[id_].total()
    ]
    for id_ in whole:
        if all(wanted[line_id] >= units for line_id, units in here[id_].items()):
            cuts += _take(id_, here[id_], wanted)
    while True:
        gives = {
            id_: sum(min(units, wanted[line_id]) for line_id, units in content.items())
            for id_, content in here.items()
        }
        best = min(
            (id_ for id_ in gives if gives[id_]),
            key=lambda id_: (stages[id_], -gives[id_], id_),
            default=None,
        )
        if best is None:
            return cuts
        cuts += _take(best, here[best], wanted)


def _take(parcel_id: int, content: Counter[int], wanted: Counter[int]) -> list[Cut]:
    cuts = []
    for line_id in sorted(content):
        units = min(content[line_id], wanted[line_id])
        if units:
            content[line_id] -= units
            wanted[line_id] -= units
            cuts.append(Cut(parcel_id, line_id, units))
    return cuts
