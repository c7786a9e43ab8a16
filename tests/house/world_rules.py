"""A row of every rule, written straight into the tables: the walls are tested here, not the services."""

from collections.abc import Mapping

from django.db import models

from core import db
from inventory.models import Facility, Sku
from orders.models import (
    AddressFix,
    AuditRule,
    Blocked,
    Channel,
    FacilityPlan,
    GiftGiven,
    GiftRule,
    MergeVerdict,
    Order,
)
from warehouse.models import Carrier, CarrierPrice

Ids = dict[type[models.Model], int]

ARGUMENTS: Mapping[str, type[models.Model]] = {
    "audit_rule_id": AuditRule,
    "blocked_id": Blocked,
    "carrier_id": Carrier,
    "gift_rule_id": GiftRule,
}


def make_rules(ids: Ids) -> None:
    """One row of each."""
    for row in (
        AddressFix(written="浙江省|杭州市|高新区", code="330100"),
        AuditRule(name="大单", conditions={"amount_over": 500_000, "currency": "CNY"}),
        Blocked(key=77, mask="王**", reason="拒收"),
        Carrier(code="SF", name="顺丰"),
        FacilityPlan(facility_id=ids[Facility]),
        GiftRule(name="满额送", sku_id=ids[Sku], quantity=1),
    ):
        _keep(ids, row)
    _keep(ids, CarrierPrice(carrier_id=ids[Carrier], region="33"))
    _keep(ids, MergeVerdict(channel_id=ids[Channel], asked=[[ids[Order], "oaid"]], groups=[]))
    _keep(ids, GiftGiven(rule_id=ids[GiftRule], order_id=ids[Order], units=1))


def _keep(ids: Ids, row: models.Model) -> None:
    row.pk = db.new_id()
    row.save(force_insert=True)
    ids[type(row)] = row.pk
