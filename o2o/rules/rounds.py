"""Rounds: which stores are asked next, and when the rounds are over."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import IntEnum
from heapq import nsmallest
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_M = 6_371_009
"""Mean radius of the earth."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in millionths of a degree."""

    lat_e6: int
    lng_e6: int


@dataclass(frozen=True, slots=True)
class RoundRule:
    """One round: ask the nearest `stores`, within `radius_m`, for `seconds`. None does not limit."""

    stores: int | None
    radius_m: int | None
    seconds: int


@dataclass(frozen=True, slots=True)
class Store:
    """A store as the rounds see it at this moment."""

    facility_id: int
    lat_e6: int
    lng_e6: int
    open: bool
    has_stock: bool
    capacity_left: int


@dataclass(frozen=True, slots=True)
class OfferPlan:
    """One store to ask."""

    facility_id: int
    distance_m: int


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """The stores to ask in one round, nearest first. No offers is an answer too."""

    offers: tuple[OfferPlan, ...]


class StepKind(IntEnum):
    """What a dispatch does next."""

    OFFER = 1
    FALLBACK = 2


@dataclass(frozen=True, slots=True)
class Step:
    """The next step of a dispatch: OFFER opens `round_number` for `seconds`; FALLBACK lets the warehouse
    ship.
    """

    kind: StepKind
    round_number: int
    seconds: int
    offers: tuple[OfferPlan, ...]


def distance_m(lat1_e6: int, lng1_e6: int, lat2_e6: int, lng2_e6: int) -> int:
    """The great-circle distance in whole metres (haversine). Symmetric; 0 for the same place."""
    lat1, lat2 = radians(lat1_e6 / 1e6), radians(lat2_e6 / 1e6)
    half_lat, half_lng = (lat2 - lat1) / 2, radians((lng2_e6 - lng1_e6) / 1e6) / 2
    square = sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lng) ** 2
    return round(2 * EARTH_RADIUS_M * asin(sqrt(min(1.0, square))))


def plan_round(
    order_point: Point | None, stores: Iterable[Store], already_offered: AbstractSet[int], rule: RoundRule
) -> RoundPlan:
    """The nearest stores that can serve the order and were never asked for it; equal distance by facility id.

    A store can serve while it is open and has the stock and capacity left. Without a point no store is near.
    Law: no store of `already_offered`; no store passed over is nearer than one that is asked.
    """
    if order_point is None:
        return RoundPlan(())
    lat_e6, lng_e6 = order_point.lat_e6, order_point.lng_e6
    near = [
        (distance_m(lat_e6, lng_e6, store.lat_e6, store.lng_e6), store.facility_id)
        for store in stores
        if store.open
        and store.has_stock
        and store.capacity_left > 0
        and store.facility_id not in already_offered
    ]
    if rule.radius_m is not None:
        near = [place for place in near if place[0] <= rule.radius_m]
    chosen = sorted(near) if rule.stores is None else nsmallest(rule.stores, near)
    return RoundPlan(tuple(OfferPlan(facility_id, metres) for metres, facility_id in chosen))


def next_step(
    round_number: int,
    rules: Sequence[RoundRule],
    order_point: Point | None,
    stores: Iterable[Store],
    already_offered: AbstractSet[int],
) -> Step:
    """What follows when round `round_number` (1 is the first; 0: none yet) ended without a taker.

    A round that would ask nobody is not waited for: the next one that asks somebody opens, or the order falls
    back.
    Law: the round number only rises, so a dispatch ends after at most len(rules) offers.
    """
    stores = tuple(stores)
    for index in range(round_number, len(rules)):
        plan = plan_round(order_point, stores, already_offered, rules[index])
        if plan.offers:
            return Step(StepKind.OFFER, index + 1, rules[index].seconds, plan.offers)
    return Step(StepKind.FALLBACK, round_number, 0, ())
