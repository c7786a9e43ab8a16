"""Carriers (物流公司): who brings each parcel, what it should cost, and how large a parcel may be.

The channel's own carrier comes first: where a channel insists on one, no other will do. Then the tenant's rules, the higher priority
first. Then the cheapest, or the one with the highest priority. A carrier takes a parcel only where it serves the receiver's division,
carries the shipping class, collects cash where cash is to be collected, and the parcel is within its limits; what is not known of a
parcel is over every limit and has no price.

Laws: the order of parcels, carriers, prices and rules changes nothing; what was chosen takes the parcel; nobody is chosen only if
nobody takes it, and then each carrier says why; a parcel within `limit_for` of its order is taken by somebody.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import attrgetter, itemgetter

from orders.rules.values import CarrierLimit, Fact

__all__ = [
    "CarrierFacts",
    "CarrierRule",
    "CarrierRules",
    "Choice",
    "Liking",
    "ParcelFacts",
    "Price",
    "Shipment",
    "choose",
    "freight",
    "limit_for",
]

CHANNEL_OWN = "CHANNEL_OWN"
RULE = "RULE"
ONLY_ONE = "ONLY_ONE"
CHEAPEST = "CHEAPEST"
PRIORITY = "PRIORITY"
NOBODY = "NOBODY"

NOT_ALLOWED = "NOT_ALLOWED"
NOT_SERVED = "NOT_SERVED"
NO_COD = "NO_COD"
OTHER_CLASS = "OTHER_CLASS"
TOO_HEAVY = "TOO_HEAVY"
TOO_LARGE = "TOO_LARGE"
TOO_LONG = "TOO_LONG"
WEIGHT_UNKNOWN = "WEIGHT_UNKNOWN"
SIZE_UNKNOWN = "SIZE_UNKNOWN"


class Liking(IntEnum):
    """What is liked about a carrier where no rule speaks; the numbers are stored."""

    CHEAPEST = 1
    PRIORITY = 2


@dataclass(frozen=True, slots=True)
class Price:
    """What a carrier asks to divisions whose code begins with `region`, "" is everywhere; the longest prefix counts. `first_minor` up to
    `first_g`, then `step_minor` for each `step_g` begun; `cod_minor` for collecting cash. Not `is_served`: it does not go there.
    """

    region: str = ""
    first_g: int = 1000
    first_minor: int = 0
    step_g: int = 1000
    step_minor: int = 0
    cod_minor: int = 0
    is_served: bool = True


@dataclass(frozen=True, slots=True)
class CarrierFacts:
    """A carrier. No `prices`: it goes everywhere, nobody knows for how much. `classes`: that it carries beside the ordinary one, "".
    `mm3_per_g`: volume that is charged as a gram, where that is more than it weighs (6000 cm³ a kg: 6000); None: weight only.
    `facilities`: where it calls; empty: everywhere.
    """

    id: int
    limit: CarrierLimit
    prices: tuple[Price, ...] = ()
    takes_cod: bool = False
    classes: frozenset[str] = frozenset()
    priority: int = 0
    mm3_per_g: int | None = None
    facilities: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class CarrierRule:
    """Parcels that meet all conditions go with this carrier, if it takes them. Empty, or None: not asked. Weights are included."""

    id: int
    carrier_id: int
    priority: int = 0
    regions: tuple[str, ...] = ()
    channels: frozenset[int] = frozenset()
    classes: frozenset[str] = frozenset()
    is_cod: bool | None = None
    from_g: int | None = None
    to_g: int | None = None


@dataclass(frozen=True, slots=True)
class CarrierRules:
    """A tenant's rules."""

    liking: Liking = Liking.CHEAPEST
    rules: tuple[CarrierRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Shipment:
    """What all parcels of one order at one facility have in common. `own`: the carrier that the channel insists on. `allowed`: carriers
    that may see this receiver (a masked one travels on the platform's own label only); None: all.
    """

    facility_id: int
    channel_id: int
    division_code: str
    is_cod: bool = False
    own: int | None = None
    allowed: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class ParcelFacts:
    """One parcel, by any key. None is unknown. `longest_mm`: the longest side of a unit in it."""

    key: int
    shipment: Shipment
    weight_g: int | None
    volume_mm3: int | None = None
    longest_mm: int | None = None
    shipping_class: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who brings a parcel, what it should cost (None: not known), and why. `refused`: carriers that do not take it, by id, with the reason;
    told only where nobody does.
    """

    key: int
    carrier_id: int | None
    freight_minor: int | None
    reason: str
    facts: tuple[tuple[str, Fact], ...]
    refused: tuple[tuple[int, str], ...] = ()


_Served = tuple[CarrierFacts, Price | None]
_by_id = attrgetter("id")
_rank = itemgetter(0)


def freight(price: Price, weight_g: int, *, is_cod: bool = False) -> int:
    """What a parcel of this weight costs, in minor units. Steps that are begun count."""
    steps = max(0, -(-(weight_g - price.first_g) // price.step_g))
    return price.first_minor + steps * price.step_minor + (price.cod_minor if is_cod else 0)


def choose(
    parcels: Sequence[ParcelFacts], carriers: Sequence[CarrierFacts], rules: CarrierRules | None
) -> tuple[Choice, ...]:
    """Who brings each parcel, in the order of the parcels. No rules or no carriers: nothing, at once.

    Costs parcels × (rules + carriers); which carriers go where, for what, is worked out once a kind of shipment.
    """
    if rules is None or not carriers or not parcels:
        return ()
    chooser = _Chooser(carriers, rules)
    return tuple([chooser.choose(parcel) for parcel in parcels])


def limit_for(
    shipment: Shipment, shipping_class: str, carriers: Sequence[CarrierFacts], rules: CarrierRules | None
) -> CarrierLimit | None:
    """How large a parcel of this order may be before its carrier is known. None: nobody goes there with such goods, or no rules.

    It is the limit of one carrier, the one that takes the heaviest, then the longest, then the largest parcel; not the best of
    each, which nobody might take.
    """
    if rules is None:
        return None
    chooser = _Chooser(carriers, rules)
    limits = [carrier.limit for carrier, _price in chooser.going(shipment, shipping_class)]
    return max(limits, key=_width, default=None)


_ENDLESS = 1 << 62


def _width(limit: CarrierLimit) -> tuple[int, int, int]:
    return _most(limit.weight_g), _most(limit.longest_mm), _most(limit.volume_mm3)


def _most(limit: int | None) -> int:
    return _ENDLESS if limit is None else limit


class _Chooser:
    """What goes where is worked out once a division, and what takes what once a kind of parcel."""

    def __init__(self, carriers: Sequence[CarrierFacts], rules: CarrierRules) -> None:
        self.carriers = sorted(carriers, key=_by_id)
        self.is_cheapest = rules.liking is Liking.CHEAPEST
        self.rules = sorted(rules.rules, key=lambda rule: (-rule.priority, rule.id))
        self.prices = {one.id: {price.region: price for price in one.prices} for one in carriers}
        self.serving: dict[str, list[_Served]] = {}
        self.taking: dict[tuple[Hashable, ...], frozenset[int]] = {}

    def going(self, shipment: Shipment, shipping_class: str) -> list[_Served]:
        """Carriers that take parcels of this kind, whatever their size, with their prices."""
        code = shipment.division_code
        serving = self.serving.get(code)
        if serving is None:
            found = [(carrier, self.price(carrier, code)) for carrier in self.carriers]
            serving = self.serving[code] = [one for one in found if _is_served(*one)]
        key = shipment.facility_id, shipment.is_cod, shipment.own, shipment.allowed, shipping_class
        taking = self.taking.get(key)
        if taking is None:
            taking = self.taking[key] = frozenset(
                [one.id for one in self.carriers if _bars(one, shipment, shipping_class) is None]
            )
        return [one for one in serving if one[0].id in taking]

    def price(self, carrier: CarrierFacts, division_code: str) -> Price | None:
        """By the longest prefix that has one."""
        prices = self.prices[carrier.id]
        for digits in range(len(division_code), -1, -1):
            found = prices.get(division_code[:digits])
            if found is not None:
                return found
        return None

    def choose(self, parcel: ParcelFacts) -> Choice:
        shipment = parcel.shipment
        taking = [
            one for one in self.going(shipment, parcel.shipping_class) if _over(parcel, one[0].limit) is None
        ]
        if not taking:
            return self.nobody(parcel)
        if shipment.own is not None:
            return _choice(parcel, taking[0], CHANNEL_OWN, ())
        for rule in self.rules:
            if _meets(parcel, rule):
                for one in taking:
                    if one[0].id == rule.carrier_id:
                        return _choice(parcel, one, RULE, (("rule", rule.id),))
        if len(taking) == 1:
            return _choice(parcel, taking[0], ONLY_ONE, (("of", len(self.carriers)),))
        return self.liked(parcel, taking)

    def liked(self, parcel: ParcelFacts, taking: Sequence[_Served]) -> Choice:
        """Prices are compared where they are known; who has none comes last, and priority settles the rest."""
        ranked: list[tuple[tuple[bool | int, ...], _Served, int | None]] = []
        for one in taking:
            carrier, minor = one[0], _cost(parcel, one)
            dear, liked = (minor is None, minor or 0), -carrier.priority
            rank = (*dear, liked, carrier.id) if self.is_cheapest else (liked, *dear, carrier.id)
            ranked.append((rank, one, minor))
        ranked.sort(key=_rank)
        (_first, best, minor), (_second, (next_best, _price), next_minor) = ranked[:2]
        facts: tuple[tuple[str, Fact], ...] = (("of", len(taking)), ("over", next_best.id))
        if not self.is_cheapest or minor is None:
            return Choice(parcel.key, best[0].id, minor, PRIORITY, facts)
        if next_minor is not None:
            facts = (*facts, ("next_minor", next_minor))
        return Choice(parcel.key, best[0].id, minor, CHEAPEST, facts)

    def nobody(self, parcel: ParcelFacts) -> Choice:
        refused = []
        for carrier in self.carriers:
            code = _bars(carrier, parcel.shipment, parcel.shipping_class)
            if code is None and not _is_served(carrier, self.price(carrier, parcel.shipment.division_code)):
                code = NOT_SERVED
            code = code or _over(parcel, carrier.limit)
            refused += [(carrier.id, code)] if code else []
        return Choice(parcel.key, None, None, NOBODY, (("of", len(self.carriers)),), tuple(refused))


def _bars(carrier: CarrierFacts, shipment: Shipment, shipping_class: str) -> str | None:
    """Why a carrier does not take parcels of this kind, wherever they go; None: it does."""
    if shipment.own is not None and carrier.id != shipment.own:
        return NOT_ALLOWED
    if shipment.allowed is not None and carrier.id not in shipment.allowed:
        return NOT_ALLOWED
    if carrier.facilities and shipment.facility_id not in carrier.facilities:
        return NOT_ALLOWED
    if shipment.is_cod and not carrier.takes_cod:
        return NO_COD
    return OTHER_CLASS if shipping_class and shipping_class not in carrier.classes else None


def _is_served(carrier: CarrierFacts, price: Price | None) -> bool:
    return price.is_served if price else not carrier.prices


def _over(parcel: ParcelFacts, limit: CarrierLimit) -> str | None:
    """What of a parcel a limit does not allow; what is not known is not allowed where it is limited."""
    if limit.weight_g is not None:
        if parcel.weight_g is None:
            return WEIGHT_UNKNOWN
        if parcel.weight_g > limit.weight_g:
            return TOO_HEAVY
    if limit.longest_mm is not None:
        if parcel.longest_mm is None:
            return SIZE_UNKNOWN
        if parcel.longest_mm > limit.longest_mm:
            return TOO_LONG
    if limit.volume_mm3 is not None:
        if parcel.volume_mm3 is None:
            return SIZE_UNKNOWN
        if parcel.volume_mm3 > limit.volume_mm3:
            return TOO_LARGE
    return None


def _meets(parcel: ParcelFacts, rule: CarrierRule) -> bool:
    shipment, weight_g = parcel.shipment, parcel.weight_g
    if rule.regions and not shipment.division_code.startswith(rule.regions):
        return False
    if rule.channels and shipment.channel_id not in rule.channels:
        return False
    if rule.classes and parcel.shipping_class not in rule.classes:
        return False
    if rule.is_cod is not None and rule.is_cod != shipment.is_cod:
        return False
    if rule.from_g is None and rule.to_g is None:
        return True
    if weight_g is None:
        return False
    return (rule.from_g is None or weight_g >= rule.from_g) and (rule.to_g is None or weight_g <= rule.to_g)


def _cost(parcel: ParcelFacts, one: _Served) -> int | None:
    """None where the price, the weight, or a volume that is charged for is not known."""
    carrier, price = one
    charged_g = parcel.weight_g
    if price is None or charged_g is None:
        return None
    if carrier.mm3_per_g is not None:
        if parcel.volume_mm3 is None:
            return None
        charged_g = max(charged_g, -(-parcel.volume_mm3 // carrier.mm3_per_g))
    return freight(price, charged_g, is_cod=parcel.shipment.is_cod)


def _choice(parcel: ParcelFacts, one: _Served, reason: str, facts: tuple[tuple[str, Fact], ...]) -> Choice:
    return Choice(parcel.key, one[0].id, _cost(parcel, one), reason, facts)
