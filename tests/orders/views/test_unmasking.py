"""The button on an order's page, the address form that is filled, and the page of who looked at whom."""

import re
from typing import Any

import pytest
from django.test import Client

from core import options
from core.accounts import Role
from core.models import AuditEntry
from core.tenancy import tenant
from orders import options as settings
from orders.models import Order, OrderStatus, Unmasking
from orders.rules.incoming import Receiver
from orders.services.receivers import unseal
from tests import laws
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, Desk, make_desk

TO = Receiver("王敏", "13800001111", "浙江省", "杭州市", "西湖区", "文三路 90 号")
PLAIN = (TO.name, TO.phone, TO.street)
WHO = "/orders/unmaskings/"


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def take(desk: Desk, number: str = "U1", **more: str) -> int:
    return desk.take(incoming((KETTLE, 1), number=number, to=TO, **more))[0]  # type: ignore[arg-type]


def shows(page: str) -> list[str]:
    return [word for word in PLAIN if word in page]


def test_the_page_is_masked_and_one_button_shows_it_once(desk: Desk) -> None:
    order, client = take(desk), desk.client(Role.OPERATOR)
    page = client.get(f"/orders/{order}/").content.decode()
    assert shows(page) == []
    assert "查看完整信息" in page
    asked = client.get(f"/orders/{order}/unmask/")
    assert shows(asked.content.decode()) == []
    assert "今天还能看 50 单，共 50 单" in asked.content.decode()
    shown = client.post(f"/orders/{order}/unmask/", {"reason": "DELIVERY", "note": "快递问门牌"})
    assert shows(shown.content.decode()) == list(PLAIN)
    assert "今天还能看 49 单" in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert shows(client.get(f"/orders/{order}/unmask/").content.decode()) == []
    after = client.get(f"/orders/{order}/").content.decode()
    assert shows(after) == []
    assert "王芳看了明文" in after
    assert "派送要联系买家 · 快递问门牌" in after
    assert shows(client.get(f"/orders/{order}/unmask/?closed=1").content.decode()) == []


def test_no_address_has_the_plain_words_and_no_get_shows_them(desk: Desk) -> None:
    order, client = take(desk), desk.client(Role.OPERATOR)
    answer = client.get(f"/orders/{order}/unmask/", {"reason": "DELIVERY"})
    assert shows(answer.content.decode()) == []
    with tenant(desk.tenant_id):
        assert not Unmasking.objects.exists()


def test_who_may_not_see_has_no_button_and_no_way_around_it(desk: Desk) -> None:
    order = take(desk)
    for role in (Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY, Role.STORE):
        client = desk.client(role, desk.facility_id)
        assert "查看完整信息" not in client.get(f"/orders/{order}/").content.decode()
        for answer in (
            client.get(f"/orders/{order}/unmask/"),
            client.post(f"/orders/{order}/unmask/", {"reason": "DELIVERY"}),
        ):
            assert answer.status_code == 403
            assert shows(answer.content.decode()) == []
    with tenant(desk.tenant_id):
        assert not AuditEntry.objects.filter(action="unmask").exists()


def test_another_merchants_order_is_not_there(desk: Desk, other_tenant_id: int) -> None:
    order, stranger = take(desk), make_desk(other_tenant_id).client(Role.OWNER)
    for answer in (
        stranger.get(f"/orders/{order}/unmask/"),
        stranger.post(f"/orders/{order}/unmask/", {"reason": "DELIVERY"}),
    ):
        assert answer.status_code == 404
    assert "U1" not in stranger.get(WHO).content.decode()


def test_a_refusal_is_a_sentence_and_shows_nothing(desk: Desk) -> None:
    order, client = take(desk), desk.client(Role.OPERATOR)
    answer = client.post(f"/orders/{order}/unmask/", {"reason": ""}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert "cf:toast" in answer["HX-Trigger"]
    assert answer["HX-Reswap"] == "none"
    assert client.post(f"/orders/{order}/unmask/", {"reason": "OTHER", "note": " "}).status_code == 422


def test_at_the_limit_the_form_says_so(desk: Desk) -> None:
    first, second = take(desk), take(desk, "U2")
    with tenant(desk.tenant_id):
        options.put(settings.UNMASK_LIMIT, 1)
    client = desk.client(Role.OPERATOR)
    client.post(f"/orders/{first}/unmask/", {"reason": "RISK"})
    page = client.get(f"/orders/{second}/unmask/").content.decode()
    assert "今天的 1 单看完了" in page
    assert "<form" not in page
    assert "再看不占数" in client.get(f"/orders/{first}/unmask/").content.decode()
    answer = client.post(f"/orders/{second}/unmask/", {"reason": "RISK"})
    assert answer.status_code == 409
    assert shows(answer.content.decode()) == []


def test_an_order_that_travels_alone_has_no_button_where_there_is_nobody(desk: Desk) -> None:
    order = take(desk)
    with tenant(desk.tenant_id):
        Order.objects.filter(id=order).update(receiver=None, receiver_mask="")
    client = desk.client(Role.OWNER)
    assert "查看完整信息" not in client.get(f"/orders/{order}/").content.decode()
    assert "不送货上门" in client.post(f"/orders/{order}/unmask/", {"reason": "RISK"}).content.decode()


# ── the form of the address ──


def test_the_address_form_is_filled_only_after_it_was_asked_for(desk: Desk) -> None:
    order, client = take(desk, remark="改一下门牌"), desk.client(Role.OPERATOR)
    path = f"/orders/addresses/{order}/"
    assert shows(client.get(path).content.decode()) == []
    client.post(f"/orders/{order}/unmask/", {"reason": "DELIVERY"})
    assert shows(client.get(path).content.decode()) == [], "seen on the order's page, not here"
    asked = client.get(f"/orders/{order}/unmask/?for=edit").content.decode()
    assert 'value="ADDRESS" selected' in asked
    fields = client.post(f"/orders/{order}/unmask/", {"reason": "ADDRESS", "for": "edit"})
    assert "no-store" in fields["Cache-Control"]
    assert shows(fields.content.decode()) == list(PLAIN)
    values = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', fields.content.decode()))
    assert values == {"street": TO.street, "name": TO.name, "phone": TO.phone}
    new = {
        "province": TO.province,
        "city": TO.city,
        "district": TO.district,
        **values,
        "street": "文三路 91 号",
    }
    client.post(path, new)
    with tenant(desk.tenant_id):
        stored = unseal(desk.tenant_id, bytes(Order.objects.get(id=order).receiver or b""))
        assert Unmasking.objects.filter(order=order).count() == 2
    assert (stored.street, stored.name, stored.phone) == ("文三路 91 号", TO.name, TO.phone)
    assert desk.status(order) == OrderStatus.STOPPED, "the remark has not been read"


# ── who looked ──


def test_the_owner_reads_who_looked_at_whom_and_why(desk: Desk) -> None:
    order = take(desk)
    desk.client(Role.OPERATOR).post(f"/orders/{order}/unmask/", {"reason": "OTHER", "note": "买家来电核对"})
    owner = desk.client(Role.OWNER)
    page = owner.get(WHO).content.decode()
    assert shows(page) == []
    for word in ("王芳", "U1", "买家来电核对", "订单里存着", "1 / 50"):
        assert word in page, word
    with tenant(desk.tenant_id):
        actor = AuditEntry.objects.get(action="unmask").actor_id
    assert "U1" in owner.get(WHO, {"person": str(actor)}).content.decode()
    assert "这个条件下没有" in owner.get(WHO, {"person": "1"}).content.decode()
    assert "这个条件下没有" in owner.get(WHO, {"order": "1"}).content.decode()
    assert owner.get(WHO, {"person": "x"}).status_code == 200
    assert WHO in owner.get("/orders/").content.decode()


def test_the_page_pages(desk: Desk) -> None:
    order, client = take(desk), desk.client(Role.OWNER)
    for _time in range(52):
        client.post(f"/orders/{order}/unmask/", {"reason": "RISK"})
    first = client.get(WHO).content.decode()
    found = re.search(r'rel="next" href="([^"]+)"', first)
    assert found
    assert first.count("疑似骗单、拒收") == 50
    second = client.get(WHO + found[1].replace("&amp;", "&")).content.decode()
    assert second.count("疑似骗单、拒收") == 2
    assert "1 / 50" in first, "one order, however often"


@pytest.mark.parametrize("role", [role for role in Role if role != Role.OWNER])
def test_only_the_owner_reads_it_or_sets_the_limit(desk: Desk, role: Role) -> None:
    client = desk.client(role)
    assert client.get(WHO).status_code == 403
    assert client.post(f"{WHO}allow/", {"limit": "999"}).status_code == 403
    assert WHO not in client.get("/orders/").content.decode()
    with tenant(desk.tenant_id):
        assert options.get(settings.UNMASK_LIMIT) == 50


def test_the_owner_sets_the_limit_and_the_roles(desk: Desk) -> None:
    order, owner, quality = take(desk), desk.client(Role.OWNER), desk.client(Role.QUALITY)
    assert "还没人看过" in owner.get(WHO).content.decode()
    answer = owner.post(f"{WHO}allow/", {"limit": "2", "roles": ["QUALITY"]}, follow=True)
    assert "存好了" in answer.content.decode()
    assert "查看完整信息" in quality.get(f"/orders/{order}/").content.decode()
    shown = quality.post(f"/orders/{order}/unmask/", {"reason": "RECALL"}).content.decode()
    assert shows(shown) == list(PLAIN)
    assert "/orders/addresses/" not in shown, "who may not act gets no form"
    assert desk.client(Role.OPERATOR).get(f"/orders/{order}/unmask/").status_code == 403
    with tenant(desk.tenant_id):
        entry = AuditEntry.objects.get(action="set_unmasking")
    assert entry.detail == {"limit": 2, "roles": ["QUALITY"]}
    for form in (
        {"limit": ""},
        {"limit": "-1"},
        {"limit": "99999"},
        {"limit": "٣"},
        {"limit": "5", "roles": "STORE"},
    ):
        assert owner.post(f"{WHO}allow/", form).status_code == 422
    assert laws.broken(desk.tenant_id, "orders.unmasked") == []


def test_a_file_of_orders_stays_masked_whoever_looked(desk: Desk) -> None:
    order, client = take(desk, remark="慢点"), desk.client(Role.OWNER)
    client.post(f"/orders/{order}/unmask/", {"reason": "RISK"})
    answer: Any = client.get("/orders/export/?queue=stopped")
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert "U1" in body.decode("utf-8-sig")
    assert shows(body.decode("utf-8-sig")) == []


def test_the_page_of_a_stranger(desk: Desk) -> None:
    assert Client().get(WHO).status_code == 302
