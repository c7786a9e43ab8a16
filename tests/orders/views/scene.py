"""A shop whose orders stop for different reasons, through the real pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.test import Client

from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import Order
from orders.rules.incoming import IncomingOrder
from orders.services import pipeline
from tests import builders

KETTLE, VACUUM, FILTER, RARE = "QY-D3", "QY-K7", "QY-K7-F", "QY-RARE"


@dataclass(frozen=True)
class Desk:
    """One shop at one warehouse: kettles and filters in plenty, vacuums are bulky, of the rare thing there are 2."""

    tenant_id: int
    facility_id: int
    channel_id: int
    bin_id: int
    skus: Mapping[str, int]

    def take(self, *orders: IncomingOrder) -> list[int]:
        """The orders come in; their ids in the same order."""
        done = pipeline.push(tenant_id=self.tenant_id, channel_id=self.channel_id, incoming=list(orders))
        return [(done.order_ids or {})[order.external_number] for order in orders]

    def status(self, order_id: int) -> int:
        with tenant(self.tenant_id):
            return int(Order.objects.get(id=order_id).status)

    def client(self, role: Role, *facility_ids: int) -> Client:
        """A signed-in colleague."""
        with tenant(self.tenant_id):
            name = User.objects.get(id=builders.make_member(role, facility_ids=facility_ids)).username
        client = Client()
        assert client.post("/signin/", {"username": name, "password": builders.PASSWORD}).status_code == 302
        return client


def make_desk(tenant_id: int) -> Desk:
    with tenant(tenant_id):
        facility_id = builders.make_facility(name="杭州仓")
        bin_id = builders.make_bin(facility_id)
        skus = {
            KETTLE: builders.make_sku(code=KETTLE, name="电水壶 D3 白", weight_g=1_300),
            VACUUM: builders.make_sku(code=VACUUM, name="无线吸尘器 K7", weight_g=6_800, parcel_rule=2),
            FILTER: builders.make_sku(code=FILTER, name="滤网 K7-F", weight_g=180, parcel_rule=0),
            RARE: builders.make_sku(code=RARE, name="限量杯", weight_g=300),
        }
        for code, sku_id in skus.items():
            builders.make_stock(bin_id, sku_id, 2 if code == RARE else 1_000)
        channel_id = builders.make_channel(facility_id, code="tmall", name="天猫旗舰店")
    return Desk(tenant_id, facility_id, channel_id, bin_id, skus)
