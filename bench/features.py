"""Every decision of the pipeline switched on for a merchant, such that none changes what leaves: what they cost, and nothing else.

Rules that are asked of each order and hold for none, a carrier with a price table for every region, a facility that is chosen among one,
gifts for amounts that nobody spends, merging with receivers of which each is another.
"""

from core import db, options
from core.tenancy import tenant
from orders import options as settings
from orders.models import AuditRule, Channel, FacilityPlan, GiftRule
from warehouse.models import Carrier, CarrierPrice

RULES = (
    {"amount_over": 10**14, "currency": "CNY"},
    {"remark_has": ["没有人会写的话"]},
    {"regions": ["99"]},
    {"units_over": 10**6},
)
REGIONS = 31


def switch_on(tenant_id: int, facility_id: int, sku_id: int) -> None:
    """Audit rules, gifts, routing, carriers and merging, for all channels of a merchant."""
    with tenant(tenant_id):
        options.put(settings.MERGES, True)
        for place, conditions in enumerate(RULES):
            AuditRule(id=db.new_id(), name=f"rule {place}", conditions=conditions).save(force_insert=True)
        nobody = {"from_minor": 10**14}
        GiftRule(
            id=db.new_id(), name="gift", sku_id=sku_id, quantity=1, conditions=nobody, most_units=10
        ).save(force_insert=True)
        FacilityPlan(id=db.new_id(), facility_id=facility_id).save(force_insert=True)
        for code in ("near", "far"):
            carrier_id = db.new_id()
            Carrier(id=carrier_id, code=code, name=code, weight_g=None).save(force_insert=True)
            for region in ("", *(f"{number:02}" for number in range(11, 11 + REGIONS))):
                CarrierPrice(id=db.new_id(), carrier_id=carrier_id, region=region, first_minor=500).save(
                    force_insert=True
                )
        Channel.objects.all().update(is_routed=True)
