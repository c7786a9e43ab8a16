"""Pages where one answer serves many orders: codes, regions, remarks."""

import re
from dataclasses import replace

import pytest
from django.test import Client

from core import options
from core.accounts import Role
from core.tenancy import tenant
from orders import options as settings
from orders.models import AddressFix, Listing, OrderStatus
from orders.rules.addresses import fold_region
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from tests.builders import incoming
from tests.orders.views.scene import FILTER, KETTLE, Desk, make_desk

ODD = ("浙江省", "杭州市", "高新区")
CODES, ADDRESSES, REMARKS = "/orders/unknown-codes/", "/orders/addresses/", "/orders/remarks/"


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    with tenant(tenant_id):
        options.put(settings.ADDRESS_MUST_RESOLVE, True)
    return make_desk(tenant_id)


def place(street: str = "江南大道 1 号") -> Receiver:
    return Receiver("王敏", "13800001111", *ODD, street)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def chosen(page: str, *words: str) -> dict[str, str]:
    """The form of the chosen remarks, as bulk.js posts it."""
    rows = re.findall(r'<tr data-id="(\w+)" data-stamp="(\w+)">(.*?)</tr>', page, re.DOTALL)
    wanted = [(id_, stamp) for id_, stamp, row in rows if any(word in row for word in words)]
    return {"ids": ",".join(id_ for id_, _ in wanted), "stamps": ",".join(stamp for _, stamp in wanted)}


def test_one_press_remembers_goods_without_a_code_by_the_platforms_ids(desk: Desk) -> None:
    def sold(number: str) -> IncomingOrder:
        line = IncomingLine("600:601", 1, 1_000, 1, "600", "601")
        return replace(incoming(("X", 1), number=number), lines=(line,))

    ids = desk.take(sold("P-1"), sold("P-2"))
    client = desk.client(Role.OPERATOR)
    page = text(client, CODES)
    assert "600:601" in page and "平台规格 601" in page
    assert "按平台商品记住，只在这家店认" in text(client, "/orders/codes/?code=600:601")
    answer = client.post(CODES, {"code": "600:601", "sku": str(desk.skus[KETTLE])}, follow=True)
    assert "放行了 2 单" in answer.content.decode()
    assert [desk.status(id_) for id_ in ids] == [OrderStatus.FULFILLING] * 2
    with tenant(desk.tenant_id):
        assert Listing.objects.values_list("item", "variant", "sku").get() == (
            "600",
            "601",
            desk.skus[KETTLE],
        )
    (later,) = desk.take(sold("P-3"))
    assert desk.status(later) == OrderStatus.FULFILLING


def test_what_is_remembered_by_ids_is_said_on_the_page_of_the_code_too(desk: Desk) -> None:
    line = IncomingLine("600", 1, 1_000, 1, "600")
    desk.take(replace(incoming(("X", 1), number="P-1"), lines=(line,)))
    client = desk.client(Role.OPERATOR)
    answer = client.post("/orders/codes/", {"code": "600", "sku": str(desk.skus[KETTLE])}, follow=True)
    page = answer.content.decode()
    assert "它就是" in page and KETTLE in page and "放行这 1 张单" in page


def test_one_press_says_what_a_code_is_and_lets_its_orders_go(desk: Desk) -> None:
    ids = desk.take(
        *(incoming(("QYD3", 1), number=f"C{n}") for n in range(3)),
        incoming(("QYD3", 1), ("NOWHERE", 1), number="C-two"),
        incoming(("QYD3", 1), number="C-said", remark="要白色的"),
    )
    client = desk.client(Role.OPERATOR)
    page = text(client, CODES)
    assert page.index("QYD3") < page.index("NOWHERE")
    assert f"（{KETTLE}）" in page
    answer = client.post(CODES, {"code": "QYD3", "sku": str(desk.skus[KETTLE])}, follow=True)
    assert "放行了 3 单" in answer.content.decode()
    assert [desk.status(id_) for id_ in ids] == [OrderStatus.FULFILLING] * 3 + [OrderStatus.STOPPED] * 2
    (later,) = desk.take(incoming(("QYD3", 1), number="C-later"))
    assert desk.status(later) == OrderStatus.FULFILLING
    assert client.post(CODES, {"code": "", "sku": "1"}).status_code == 422


def test_one_press_says_where_a_region_is(desk: Desk) -> None:
    ids = desk.take(*(incoming((KETTLE, 1), number=f"A{n}", to=place(f"路 {n} 号")) for n in range(4)))
    client = desk.client(Role.OPERATOR)
    page = text(client, ADDRESSES)
    assert "浙江省 杭州市 高新区" in page
    assert "到市就行" in page
    assert "路 1 号" not in page
    key = fold_region(*ODD)
    assert client.post(ADDRESSES, {"key": key, "place": "火星"}).status_code == 422
    answer = client.post(ADDRESSES, {"key": key, "place": "浙江杭州滨江区"}, follow=True)
    assert "放行了 4 单" in answer.content.decode()
    assert {desk.status(id_) for id_ in ids} == {OrderStatus.FULFILLING}
    with tenant(desk.tenant_id):
        assert AddressFix.objects.get().code == "330108"
    assert "地址都认得出" in text(client, ADDRESSES)


def test_one_order_is_put_right_by_hand(desk: Desk) -> None:
    receiver = Receiver("王敏", "13800001111", "", "", "", "老地方 3 号")
    (id_,) = desk.take(incoming((KETTLE, 1), number="H1", to=receiver))
    client = desk.client(Role.OPERATOR)
    path = f"{ADDRESSES}{id_}/"
    assert path in text(client, ADDRESSES)
    assert "老地方" not in text(client, path)
    client.post(path, {"province": "浙江", "city": "杭州", "district": "西湖"})
    assert desk.status(id_) == OrderStatus.FULFILLING


def test_equal_words_go_together_and_only_those_that_were_read(desk: Desk) -> None:
    ids = desk.take(
        incoming((KETTLE, 1), number="R1", remark="放门卫"),
        incoming((KETTLE, 1), number="R2", remark="放门卫！"),
        incoming((FILTER, 1), (KETTLE, 1), number="R3", remark="要白色的"),
        incoming((KETTLE, 1), number="R4", remark="谢谢"),
    )
    client = desk.client(Role.OPERATOR)
    page = text(client, REMARKS)
    assert page.count("data-stamp=") == 2
    form = chosen(page, "放门卫")
    (more,) = desk.take(incoming((KETTLE, 1), number="R5", remark="放门卫。"))
    answer = client.post(REMARKS, form, follow=True)
    assert "3 单刚变了" in answer.content.decode()
    assert desk.status(more) == OrderStatus.STOPPED
    client.post(REMARKS, chosen(text(client, REMARKS), "放门卫"))
    assert [desk.status(id_) for id_ in (*ids, more)] == [
        OrderStatus.FULFILLING,
        OrderStatus.FULFILLING,
        OrderStatus.STOPPED,
        OrderStatus.FULFILLING,
        OrderStatus.FULFILLING,
    ]
    assert client.post(REMARKS, {"ids": "", "stamps": ""}).status_code == 422


@pytest.mark.parametrize("path", [CODES, ADDRESSES, REMARKS])
def test_who_only_looks_does_not_answer(desk: Desk, path: str) -> None:
    for role in (Role.WAREHOUSE, Role.READONLY):
        assert desk.client(role).get(path).status_code == 403


def test_who_is_bound_to_a_place_answers_for_its_orders_only(desk: Desk, other_tenant_id: int) -> None:
    desk.take(incoming(("QYD3", 1), number="S1"))
    other = make_desk(other_tenant_id)
    assert "QYD3" not in text(other.client(Role.OPERATOR), CODES)
    assert "QYD3" in text(desk.client(Role.OPERATOR, desk.facility_id), CODES)
