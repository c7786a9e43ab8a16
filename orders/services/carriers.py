"""Carriers: what parcels may be, who brings each, and what it should cost; nothing is asked where the tenant has no carrier."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from orders.rules import carriers as rules
from orders.rules.carriers import CarrierFacts, CarrierRules, ParcelFacts, Price, Shipment
from orders.rules.splitting import ParcelPlan
from orders.rules.values import CarrierLimit, Finding, Sku
from orders.services import planning
from orders.services.reading import ChannelFacts, Head
from warehouse.models import Handover

# (tenant): carriers with their prices
_CARRIERS = """
    SELECT c.id, c.weight_g, c.volume_mm3, c.longest_mm, c.takes_cod, c.shipping_classes, c.priority,
        p.region, p.first_g, p.first_minor, p.step_g, p.step_minor, p.cod_minor, p.is_served
    FROM warehouse_carrier c LEFT JOIN warehouse_carrierprice p ON p.tenant_id = c.tenant_id AND p.carrier_id = c.id
    WHERE c.tenant_id = %s AND c.is_active ORDER BY c.id, p.region
"""


@dataclass(frozen=True, slots=True)
class Job:
    """An order to be brought, and the channel it is from."""

    head: Head
    channel: ChannelFacts

    @property
    def shipment(self) -> Shipment:
        head = self.head
        return Shipment(
            head.facility_id,
            head.channel_id,
            head.division_code,
            is_cod=head.cod_minor > 0,
            own=self.channel.carrier_id,
        )


def read_hands(channels: Iterable[ChannelFacts]) -> tuple[CarrierFacts, ...]:
    """The tenant's carriers; one statement where it has some and a channel hands parcels to carriers."""
    if not any(channel.has_carriers and channel.handover == Handover.CARRIER for channel in channels):
        return ()
    prices: dict[int, list[Price]] = {}
    heads: dict[int, tuple[object, ...]] = {}
    for id_, weight, volume, longest, cod, classes, priority, region, *price in db.rows(
        _CARRIERS, current_tenant()
    ):
        heads[id_] = (CarrierLimit(weight, volume, longest), cod, frozenset(json.loads(classes)), priority)
        if region is not None:
            prices.setdefault(id_, []).append(Price(region, *price))
    return tuple(
        CarrierFacts(id_, limit, tuple(prices.get(id_, ())), cod, classes, priority)  # type: ignore[arg-type]
        for id_, (limit, cod, classes, priority) in heads.items()
    )


RULES = CarrierRules()


def limits(hands: Sequence[CarrierFacts], jobs: Mapping[int, Job]) -> dict[int, CarrierLimit]:
    """Order -> the most that one of its parcels may be, before a carrier is chosen."""
    known: dict[tuple[Shipment, int], CarrierLimit] = {}
    found: dict[int, CarrierLimit] = {}
    for order_id, job in jobs.items():
        key = job.shipment if hands else _NOWHERE, job.channel.handover
        if key not in known:
            limit = planning.carrier_limit(job.channel.handover)
            if hands and job.channel.handover == Handover.CARRIER:
                limit = rules.limit_for(key[0], "", hands, RULES) or limit
            known[key] = limit
        found[order_id] = known[key]
    return found


_NOWHERE = Shipment(0, 0, "")


def choose(
    plan: planning.Plan, hands: Sequence[CarrierFacts], jobs: Mapping[int, Job], skus: Mapping[int, Sku]
) -> None:
    """Somebody for each planned parcel; an order with a parcel that nobody takes stops."""
    if not hands:
        return
    facts: list[ParcelFacts] = []
    places: list[int] = []
    for order_id, parcels in plan.parcels.items():
        job = jobs[order_id]
        if job.channel.handover == Handover.CARRIER:
            shipment = job.shipment
            for parcel in parcels:
                facts.append(_facts(len(facts), shipment, parcel, skus))
                places.append(order_id)
    found: dict[int, list[rules.Choice]] = {}
    for order_id, choice in zip(places, rules.choose(facts, hands, RULES), strict=True):
        found.setdefault(order_id, []).append(choice)
    for order_id, choices in found.items():
        refused = next((choice for choice in choices if choice.carrier_id is None), None)
        if refused is None:
            plan.carriers[order_id] = tuple(choices)
            continue
        plan.parcels.pop(order_id)
        why = tuple(f"{carrier}:{code}" for carrier, code in refused.refused)
        plan.add(order_id, Finding(planning.NO_CARRIER, (("refused", ",".join(why)),), stops=True))


def _facts(key: int, shipment: Shipment, parcel: ParcelPlan, skus: Mapping[int, Sku]) -> ParcelFacts:
    volume: int | None = 0
    longest: int | None = 0
    for item in parcel.items:
        sku = skus[item.sku_id]
        sides = (sku.length_mm, sku.width_mm, sku.height_mm)
        if None in sides:
            volume = longest = None
            break
        length, width, height = sides
        volume = (volume or 0) + (length or 0) * (width or 0) * (height or 0) * item.quantity
        longest = max(longest or 0, length or 0, width or 0, height or 0)
    first = skus[parcel.items[0].sku_id]
    return ParcelFacts(key, shipment, parcel.weight_g, volume, longest, first.shipping_class)
