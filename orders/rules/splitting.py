"""Splitting (拆单): one order at one facility into parcels.

Shipping classes part first. In each class every BULKY and every ALONE unit and every full case is a parcel.
Small things (NORMAL, RIDES_ALONG, what is left of a case) ride with BULKY units: parts of a bundle with a
BULKY unit of their own bundle first; then all together with the first BULKY parcel that takes them all; else
each line with the first that takes it whole. What no BULKY parcel takes goes into parcels of its own,
first-fit, heaviest line first, then SKU, then line. A line is divided only when no parcel takes it whole.

Laws: units are conserved; no parcel holds two BULKY units; nothing shares with an ALONE unit or a full case;
a parcel of only RIDES_ALONG exists only if no other parcel may carry one unit more of it; splitting the
content of a parcel gives that parcel; the order of the lines does not matter; nothing is over the limit. When
something makes parcels impossible, the plan has none and says why.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from operator import attrgetter
from typing import NamedTuple

from orders.rules.audit import SKU_UNMAPPED, WEIGHT_UNKNOWN
from orders.rules.values import CarrierLimit, Finding, Line, ParcelRule, Sku

SIZE_UNKNOWN = "SIZE_UNKNOWN"
CASE_QUANTITY_UNKNOWN = "CASE_QUANTITY_UNKNOWN"
OVER_CARRIER_LIMIT = "OVER_CARRIER_LIMIT"
RIDES_WITH_NOTHING = "RIDES_WITH_NOTHING"

WHOLE = "WHOLE"
"""The whole order is this parcel."""
BULKY = "BULKY"
ALONE = "ALONE"
CASE = "CASE"
SMALL = "SMALL"
"""Small things that no bulky parcel could take."""
CLASS = "CLASS"
"""Small things of a shipping class that parted from the rest."""
LIMIT = "LIMIT"
"""Small things that the carrier's limit parted from the parcel before."""
RIDES_ONLY = "RIDES_ONLY"

NO_LIMIT = CarrierLimit(weight_g=None, volume_mm3=None, longest_mm=None)

_ENDLESS = 1 << 62
_NORMAL, _RIDES, _CASE = ParcelRule.NORMAL, ParcelRule.RIDES_ALONG, ParcelRule.CASE_PACK
_OWN_PARCEL = {ParcelRule.BULKY: BULKY, ParcelRule.ALONE: ALONE}
_line_id = attrgetter("id")
_item_line = attrgetter("line_id")


@dataclass(frozen=True, slots=True)
class Item:
    """Units of one line in a parcel."""

    line_id: int
    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ParcelPlan:
    """One parcel to be: its items by line, its weight (None: unknown), and why it is a parcel.

    A product that comes in several cartons is a bundle of BULKY parts: `carton` 1 of `cartons`; 0 of 0 for
    all else.
    """

    items: tuple[Item, ...]
    weight_g: int | None
    reason: str
    carton: int = 0
    cartons: int = 0


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Parcels and findings; a finding that makes parcels impossible leaves no parcels."""

    parcels: tuple[ParcelPlan, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Readiness:
    """Lines that can go now and lines that wait for stock; a divided line is in both, with its own id."""

    now: tuple[Line, ...]
    later: tuple[Line, ...]


def split(
    lines: Sequence[Line],
    skus: Mapping[int, Sku],
    limit: CarrierLimit = NO_LIMIT,
    *,
    lone_rides_stop: bool = False,
) -> SplitPlan:
    """The parcels of the lines of one order, by the laws above; `lone_rides_stop` is the tenant's choice
    whether ride-alongs that ride with nothing stop the order.

    An unknown weight is a finding; parcels are still made (their weight unknown) where the carrier has no
    limit of weight. An unknown size is a finding only where the carrier limits size.
    """
    if len(lines) > 1:
        lines = sorted(lines, key=_line_id)
    if lines and _is_whole(lines, skus, limit):
        weight_g = 0
        for line in lines:
            weight_g += (skus[line.sku_id].weight_g or 0) * line.quantity
        items = tuple([Item(line.id, line.sku_id, line.quantity) for line in lines])
        return SplitPlan((ParcelPlan(items, weight_g, WHOLE),), ())
    findings = _findings(lines, skus, limit)
    if any(finding.stops for finding in findings):
        return SplitPlan((), findings)
    classes: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        classes[skus[line.sku_id].shipping_class].append(line)
    boxes: list[_Box] = []
    for shipping_class in sorted(classes):
        parted = CLASS if len(classes) > 1 else SMALL
        boxes += _split_class(classes[shipping_class], skus, limit, parted)
    lone = {item.line_id for box in boxes if box.reason == RIDES_ONLY for item in box.items}
    if lone:
        findings += (Finding(RIDES_WITH_NOTHING, (("lines", tuple(sorted(lone))),), lone_rides_stop),)
    if len(boxes) == 1 and boxes[0].reason == SMALL:
        boxes[0].reason = WHOLE
    return SplitPlan(_parcels(boxes, lines, skus), findings)


def ready(lines: Iterable[Line], available: Mapping[int, int]) -> Readiness:
    """Which lines can go with the units available per SKU, and which wait; the parts of a bundle wait
    together.

    Law: now + later = lines; `now` takes no more than is available. Splitting `later` on another day cannot
    change the parcels of `now`, since no unit is in both.
    """
    left = dict(available)
    groups: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for line in sorted(lines, key=_line_id):
        groups[line.bundle, 0 if line.bundle else line.id].append(line)
    now: list[Line] = []
    later: list[Line] = []
    for group in sorted(groups.values(), key=lambda group: group[0].id):
        if group[0].bundle:
            wanted: defaultdict[int, int] = defaultdict(int)
            for line in group:
                wanted[line.sku_id] += line.quantity
            fits = all(quantity <= left.get(sku_id, 0) for sku_id, quantity in wanted.items())
            (now if fits else later).extend(group)
            for sku_id, quantity in wanted.items() if fits else ():
                left[sku_id] -= quantity
            continue
        line = group[0]
        quantity = max(0, min(line.quantity, left.get(line.sku_id, 0)))
        left[line.sku_id] = left.get(line.sku_id, 0) - quantity
        if quantity:
            now.append(_part_of(line, quantity))
        if quantity < line.quantity:
            later.append(_part_of(line, line.quantity - quantity))
    return Readiness(tuple(sorted(now, key=_line_id)), tuple(sorted(later, key=_line_id)))


def _part_of(line: Line, quantity: int) -> Line:
    return Line(line.id, line.sku_id, quantity, line.unit_price_minor, line.bundle)


def _is_whole(lines: Sequence[Line], skus: Mapping[int, Sku], limit: CarrierLimit) -> bool:
    """Whether all lines are NORMAL, of one class, of known weight, and fit one parcel: most orders, so it is
    quick.
    """
    shipping_class = None
    weight_g = 0
    for line in lines:
        sku = skus.get(line.sku_id)
        if sku is None or sku.parcel_rule != _NORMAL or sku.weight_g is None:
            return False
        if shipping_class is None:
            shipping_class = sku.shipping_class
        elif sku.shipping_class != shipping_class:
            return False
        weight_g += sku.weight_g * line.quantity
    if limit.weight_g is not None and weight_g > limit.weight_g:
        return False
    if limit.volume_mm3 is None and limit.longest_mm is None:
        return True
    volume_mm3 = longest_mm = 0
    for line in lines:
        sku = skus[line.sku_id]
        length_mm, width_mm, height_mm = sku.length_mm, sku.width_mm, sku.height_mm
        if length_mm is None or width_mm is None or height_mm is None:
            return False
        volume_mm3 += length_mm * width_mm * height_mm * line.quantity
        longest_mm = max(longest_mm, length_mm, width_mm, height_mm)
    fits = limit.volume_mm3 is None or volume_mm3 <= limit.volume_mm3
    return fits and (limit.longest_mm is None or longest_mm <= limit.longest_mm)


def _sides(sku: Sku) -> tuple[int, int, int] | None:
    if sku.length_mm is None or sku.width_mm is None or sku.height_mm is None:
        return None
    return sku.length_mm, sku.width_mm, sku.height_mm


def _unit_mm3(sku: Sku) -> int:
    sides = _sides(sku)
    return sides[0] * sides[1] * sides[2] if sides else 0


def _findings(lines: Sequence[Line], skus: Mapping[int, Sku], limit: CarrierLimit) -> tuple[Finding, ...]:
    """What keeps the lines from being parcels, and weights that are unknown: at most one finding of each
    code.
    """
    found: defaultdict[str, set[int]] = defaultdict(set)
    units: defaultdict[int, int] = defaultdict(int)
    for line in lines:
        units[line.sku_id] += line.quantity
    sized = limit.volume_mm3 is not None or limit.longest_mm is not None
    for sku_id, quantity in units.items():
        sku = skus.get(sku_id)
        if sku is None:
            found[SKU_UNMAPPED].add(sku_id)
            continue
        if sku.weight_g is None:
            found[WEIGHT_UNKNOWN].add(sku_id)
        if sized and _sides(sku) is None:
            found[SIZE_UNKNOWN].add(sku_id)
        together = 1
        if sku.parcel_rule == _CASE:
            if not sku.case_quantity:
                found[CASE_QUANTITY_UNKNOWN].add(sku_id)
            elif quantity >= sku.case_quantity:
                together = sku.case_quantity
        if limit is not NO_LIMIT and _is_over(sku, together, limit):
            found[OVER_CARRIER_LIMIT].add(sku_id)
    return tuple(
        Finding(
            code,
            (("lines", tuple(line.id for line in lines if line.sku_id in found[code])),),
            code != WEIGHT_UNKNOWN or limit.weight_g is not None,
        )
        for code in (SKU_UNMAPPED, WEIGHT_UNKNOWN, SIZE_UNKNOWN, CASE_QUANTITY_UNKNOWN, OVER_CARRIER_LIMIT)
        if code in found
    )


def _is_over(sku: Sku, units: int, limit: CarrierLimit) -> bool:
    """Whether units that must stay together are over the limit by what is known of them."""
    if limit.weight_g is not None and (sku.weight_g or 0) * units > limit.weight_g:
        return True
    sides = _sides(sku)
    if sides is None:
        return False
    if limit.volume_mm3 is not None and _unit_mm3(sku) * units > limit.volume_mm3:
        return True
    return limit.longest_mm is not None and max(sides) > limit.longest_mm


_Room = tuple[int, int]
"""Weight and volume that an empty parcel takes."""


class _Part(NamedTuple):
    """Units of a small line that look for a parcel."""

    line: Line
    quantity: int
    unit_g: int
    unit_mm3: int
    rides: bool

    @property
    def rank(self) -> tuple[bool, int, int, int]:
        """What must ride comes last, when all that may carry it is there; then by weight, SKU, line."""
        return self.rides, -self.unit_g * self.quantity, self.line.sku_id, self.line.id

    def of(self, quantity: int) -> "_Part":
        return _Part(self.line, quantity, self.unit_g, self.unit_mm3, self.rides)


class _Box:
    """A parcel being filled."""

    __slots__ = ("bundle", "items", "reason", "room_g", "room_mm3")

    def __init__(self, reason: str, room: _Room) -> None:
        self.reason = reason
        self.bundle = 0
        self.items: list[Item] = []
        self.room_g, self.room_mm3 = room

    def takes(self, part: _Part) -> int:
        """How many units of a part still fit."""
        units = part.quantity
        if part.unit_g:
            units = min(units, self.room_g // part.unit_g)
        if part.unit_mm3:
            units = min(units, self.room_mm3 // part.unit_mm3)
        return units

    def put(self, part: _Part) -> None:
        self.items.append(Item(part.line.id, part.line.sku_id, part.quantity))
        self.room_g -= part.unit_g * part.quantity
        self.room_mm3 -= part.unit_mm3 * part.quantity


def _split_class(
    lines: Sequence[Line], skus: Mapping[int, Sku], limit: CarrierLimit, parted: str
) -> list[_Box]:
    room = (
        _ENDLESS if limit.weight_g is None else limit.weight_g,
        _ENDLESS if limit.volume_mm3 is None else limit.volume_mm3,
    )
    big: list[_Box] = []
    small: list[_Part] = []
    packed: defaultdict[int, list[_Part]] = defaultdict(list)
    for line in lines:
        sku = skus[line.sku_id]
        unit_mm3 = 0 if limit.volume_mm3 is None else _unit_mm3(sku)
        part = _Part(line, line.quantity, sku.weight_g or 0, unit_mm3, sku.parcel_rule == _RIDES)
        reason = _OWN_PARCEL.get(sku.parcel_rule)
        if reason:
            big += _units_apart(part, reason, room)
        elif sku.parcel_rule == _CASE:
            packed[line.sku_id].append(part)
        else:
            small.append(part)
    for sku_id in sorted(packed):
        cases, rest = _pack_cases(packed[sku_id], skus[sku_id].case_quantity or 1, room)
        big += cases
        small += rest
    carriers = [box for box in big if box.reason == BULKY]
    big.sort(key=lambda box: box.reason != BULKY)
    for bundle in sorted({part.line.bundle for part in small} - {0}):
        own = [box for box in carriers if box.bundle == bundle]
        group = [part for part in small if part.line.bundle == bundle]
        small = [part for part in small if part.line.bundle != bundle] + _ride(group, own)
    return big + _pack_rest(_ride(small, carriers), carriers, room, parted)


def _units_apart(part: _Part, reason: str, room: _Room) -> list[_Box]:
    """One parcel for each unit."""
    unit = Item(part.line.id, part.line.sku_id, 1)
    left = room[0] - part.unit_g, room[1] - part.unit_mm3
    boxes = [_Box(reason, left) for _ in range(part.quantity)]
    for box in boxes:
        box.items.append(unit)
        box.bundle = part.line.bundle
    return boxes


def _pack_cases(parts: Iterable[_Part], case_quantity: int, room: _Room) -> tuple[list[_Box], list[_Part]]:
    """Full cases of one SKU, and what is left over. Parts of bundles are used last: left over, they ride with
    it.
    """
    parts = sorted(parts, key=lambda part: (part.line.bundle, part.line.id))
    cases: list[_Box] = []
    missing = sum(part.quantity for part in parts) // case_quantity * case_quantity
    missing_in_case, rest = 0, []
    for part in parts:
        left = part.quantity
        while left and missing:
            if not missing_in_case:
                cases.append(_Box(CASE, room))
                missing_in_case = case_quantity
            units = min(left, missing_in_case)
            cases[-1].put(part.of(units))
            left, missing_in_case, missing = left - units, missing_in_case - units, missing - units
        if left:
            rest.append(part.of(left))
    return cases, rest


def _ride(parts: Iterable[_Part], carriers: Sequence[_Box]) -> list[_Part]:
    """Puts parts with the first carrier that takes them all, else each with the first that takes it whole.

    Returns the parts that no carrier takes, by rank.
    """
    parts = sorted(parts, key=lambda part: part.rank)
    weight_g = sum(part.unit_g * part.quantity for part in parts)
    volume_mm3 = sum(part.unit_mm3 * part.quantity for part in parts)
    for box in carriers:
        if weight_g <= box.room_g and volume_mm3 <= box.room_mm3:
            for part in parts:
                box.put(part)
            return []
    return [part for part in parts if not _put_whole(part, carriers)]


def _put_whole(part: _Part, boxes: Iterable[_Box]) -> bool:
    for box in boxes:
        if box.takes(part) == part.quantity:
            box.put(part)
            return True
    return False


def _pack_rest(parts: Iterable[_Part], carriers: Sequence[_Box], room: _Room, parted: str) -> list[_Box]:
    """Parcels for parts, by rank, that no carrier takes whole: things that must ride only where nothing
    carries them.
    """
    own: list[_Box] = []
    lone: list[_Box] = []
    for part in parts:
        if not part.rides:
            _put_anywhere(part, own, carriers, SMALL, room)
            continue
        if _put_whole(part, own):
            continue
        left = part
        for box in (*carriers, *own):
            units = box.takes(left)
            if units:
                box.put(left.of(units))
                left = left.of(left.quantity - units)
        if left.quantity:
            _put_anywhere(left, lone, (), RIDES_ONLY, room)
    for index, box in enumerate(own):
        box.reason = LIMIT if index else parted
    return own + lone


def _put_anywhere(part: _Part, own: list[_Box], carriers: Sequence[_Box], reason: str, room: _Room) -> None:
    """Puts a part whole into a parcel of its kind, or a new one; only if none takes it whole, fills new ones
    with it.

    What is left of a divided part goes, whole, where it fits first. Costs one step per parcel made.
    """
    if _put_whole(part, own):
        return
    most = _Box(reason, room).takes(part)
    full, rest = divmod(part.quantity, most)
    made = [_Box(reason, room) for _ in range(full)]
    for box in made:
        box.put(part.of(most))
    if rest and not _put_whole(part.of(rest), (*carriers, *own)):
        made.append(_Box(reason, room))
        made[-1].put(part.of(rest))
    own += made


def _parcels(boxes: Iterable[_Box], lines: Sequence[Line], skus: Mapping[int, Sku]) -> tuple[ParcelPlan, ...]:
    cartons = _cartons(lines, skus)
    seen: defaultdict[int, int] = defaultdict(int)
    parcels = []
    for box in boxes:
        line_id = box.items[0].line_id
        carton = total = 0
        if line_id in cartons:
            before, each, total = cartons[line_id]
            carton = before + seen[line_id] % each + 1
            seen[line_id] += 1
        weight_g: int | None = 0
        for item in box.items:
            unit_g = skus[item.sku_id].weight_g
            weight_g = None if unit_g is None or weight_g is None else weight_g + unit_g * item.quantity
        items = tuple(sorted(box.items, key=_item_line)) if len(box.items) > 1 else tuple(box.items)
        parcels.append(ParcelPlan(items, weight_g, box.reason, carton, total))
    return tuple(parcels)


def _cartons(lines: Iterable[Line], skus: Mapping[int, Sku]) -> Mapping[int, tuple[int, int, int]]:
    """Line id -> (cartons of the product before it, its cartons in one product, cartons of one product).

    How many products the bundle was sold as is the greatest number that divides all its big lines.
    """
    bundles: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        if line.bundle and skus[line.sku_id].parcel_rule in _OWN_PARCEL:
            bundles[line.bundle].append(line)
    cartons: dict[int, tuple[int, int, int]] = {}
    for parts in bundles.values():
        products = gcd(*(line.quantity for line in parts))
        total = sum(line.quantity for line in parts) // products
        before = 0
        for line in parts if total > 1 else ():
            cartons[line.id] = before, line.quantity // products, total
            before += line.quantity // products
    return cartons
