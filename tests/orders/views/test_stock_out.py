"""The pages of stock out: numbers with their formula, settings, listings, say now; and the same over REST."""

import pytest
from django.test import Client

from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.models import Listing, StockLevel, StockOut, StockStrategy
from orders.services import stock_out, stock_setup
from tests import builders as make
from tests.api.client import Api


@pytest.fixture
def client(tenant_id: int) -> Client:
    with tenant(tenant_id):
        name = User.objects.get(id=make.make_member(Role.OPERATOR)).username
    found = Client()
    assert found.post("/signin/", {"username": name, "password": make.PASSWORD}).status_code == 302
    return found


@pytest.fixture
def channel(tenant_id: int) -> int:
    with tenant(tenant_id):
        facility = make.make_facility()
        make.make_stock(make.make_bin(facility), make.make_sku(code="S"), 40)
        return make.make_channel(facility, code="shop")


def test_from_nothing_to_a_number_with_its_formula(client: Client, channel: int, tenant_id: int) -> None:
    base = f"/channels/{channel}/stock-out/"
    answer = client.post(
        f"{base}settings/", {"is_on": "on", "every_s": "15", "share": "50", "fixed": "", "kept_back": "4"}
    )
    assert answer.status_code == 302
    assert client.post(f"{base}listings/", {"lines": "7001\t11\tS\n7002 S"}).status_code == 302
    stock_out.refresh(tenant_id)
    page = client.get(base).content.decode()
    for words in ("能占的", "待审核", "留着不卖", "50%", "<b>18</b>", "没有连平台"):
        assert words in page, words
    assert "在上传" in client.get("/channels/stock-out/").content.decode()
    assert client.post(f"{base}strategy/", {"sku": "S", "share": "100", "kept_back": "0"}).status_code == 302
    stock_out.refresh(tenant_id)
    assert "<b>40</b>" in client.get(base).content.decode()
    assert "份额 100%" in client.get(base).content.decode()
    assert 'value="S"' in client.get(f"{base}?sku=S").content.decode()
    client.post(f"{base}strategy/", {"sku": "S", "share": "100", "kept_back": "0", "is_gone": "on"})
    assert "跟店铺" in client.get(base).content.decode()
    assert client.post(f"{base}say/").status_code == 302
    with tenant(tenant_id):
        assert Listing.objects.count() == 2
        assert StockStrategy.objects.get().sku_id is None
        assert StockLevel.objects.get().marked_at is not None
        first = Listing.objects.earliest("id")
    assert client.post(f"{base}listings/remove/", {"listing": first.id}).status_code == 302
    assert client.post(f"{base}listings/remove/", {"listing": first.id}).status_code == 422
    with tenant(tenant_id):
        assert Listing.objects.count() == 1


@pytest.mark.parametrize(
    ("place", "values"),
    [
        ("listings", {"lines": "7001"}),
        ("listings", {"lines": "7001 11 NOPE"}),
        ("strategy", {"sku": "NOPE", "share": "1", "kept_back": "0"}),
        ("strategy", {"sku": "S", "share": "101", "kept_back": "0"}),
        ("settings", {"every_s": "-1", "share": "1", "kept_back": "0"}),
    ],
)
def test_what_makes_no_sense_comes_back_with_words(
    client: Client, channel: int, place: str, values: dict[str, str], tenant_id: int
) -> None:
    assert client.post(f"/channels/{channel}/stock-out/{place}/", values).status_code == 422
    with tenant(tenant_id):
        assert not Listing.objects.exists()
        assert not StockOut.objects.exists()


def test_over_rest(channel: int, tenant_id: int) -> None:
    with tenant(tenant_id):
        api = Api(make.make_token("stock:read", "stock:write"))
    rows = [{"channel": "shop", "sku": "S", "item": "7001"}]
    assert api.post("listings/", {"listings": rows}).json() == {"changed": 1}
    wrong = api.post("listings/", {"listings": [{"channel": "no", "sku": "no", "item": "1"}]})
    assert wrong.status_code == 422
    strategies = [{"channel": "shop", "sku": "S", "fixed": 7}, {"channel": "shop", "share": 30}]
    assert api.post("stock-strategies/", {"strategies": strategies}).json() == {"changed": 2}
    with tenant(tenant_id):
        stock_setup.switch(channel_id=channel, is_on=True, every_s=0, actor_id=None)
    stock_out.refresh(tenant_id)
    (level,) = api.all("stock-levels/", channel=channel)
    assert (level["units"], level["parts"]["fixed"], level["state"]) == (7, 7, "WAITING")
    (out,) = api.all("stock-outs/")
    assert api.post(f"stock-outs/{out['id']}/say/").status_code == 200
    (listing,) = api.all("listings/")
    assert api.post(f"listings/{listing['id']}/remove/").json()["item"] == "7001"
    assert api.all("stock-levels/") == []
