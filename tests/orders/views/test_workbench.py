"""The workbench: queues, rows, selection and release, by role."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import db
from core.accounts import Role
from core.tenancy import tenant
from orders import queries
from orders.models import Finding, OrderStatus
from orders.services.planning import CHANNEL_CHANGED
from tests import builders
from tests.builders import incoming
from tests.orders.views.scene import FILTER, KETTLE, RARE, VACUUM, Desk, make_desk
from tests.steps import count_statements


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def stamps(desk: Desk, *ids: int) -> str:
    with tenant(desk.tenant_id):
        found = queries.list_stamps(ids)
    return ",".join(found[id_] for id_ in ids)


def post(client: Client, desk: Desk, *ids: int, stamped: str | None = None, sure: str = "1") -> str:
    """Release by htmx, asked and sure; the toast that comes back."""
    form = {
        "sure": sure,
        "ids": ",".join(map(str, ids)),
        "stamps": stamps(desk, *ids) if stamped is None else stamped,
    }
    answer = client.post("/orders/release/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 200, answer.content
    return answer.headers["HX-Trigger"].encode().decode("unicode_escape")


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_most_urgent_order_stands_first_with_its_reason(desk: Desk) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    desk.take(
        incoming((KETTLE, 2), number="T-LATER", remark="周三以后送", placed_at=now),
        incoming(("QY-NEW", 1), number="T-SOONER", placed_at=now - timedelta(hours=47)),
        incoming((KETTLE, 1), number="T-GONE"),
    )
    page = text(desk.client(Role.OPERATOR), "/orders/")
    assert page.index("T-SOONER") < page.index("T-LATER")
    assert "T-GONE" not in page
    assert "买家留言" in page
    assert "编码没配上" in page
    assert "59 分" in page
    assert "电水壶 D3 白 ×2" in page


def test_queues_count_what_they_list(desk: Desk) -> None:
    old = datetime.now(UTC) - timedelta(days=9)
    desk.take(
        incoming((KETTLE, 1), remark="慢点", placed_at=old),
        incoming((KETTLE, 1), remark="换个颜色"),
        incoming(("QY-NEW", 1), remark="还没上架"),
        incoming((KETTLE, 1)),
    )
    client = desk.client(Role.OPERATOR)
    with tenant(desk.tenant_id):
        counts = queries.count_queues(None, datetime.now(UTC))
    assert (counts["stopped"].orders, counts["stopped"].late) == (3, 1)
    assert (counts["BUYER_REMARK"].orders, counts["BUYER_REMARK"].late) == (3, 1)
    assert (counts["SKU_UNMAPPED"].orders, counts["waiting"].orders, counts["picking"].orders) == (1, 1, 0)
    for name in ("stopped", "BUYER_REMARK", "SKU_UNMAPPED", "waiting", "dispatching", "picking", "picked"):
        rows = text(client, f"/orders/?queue={name}").count("<tr data-id=")
        assert rows == counts[name].orders, name


def test_the_page_costs_the_same_at_any_size(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)

    def cost(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(path).status_code == 200
        return count_statements(seen)

    desk.take(incoming((KETTLE, 1), remark="1"), incoming((KETTLE, 1)))
    before = cost("/orders/"), cost("/orders/?queue=waiting")
    desk.take(*(incoming((KETTLE, 1), (FILTER, 2), remark="x" * (n % 2)) for n in range(60)))
    assert (cost("/orders/"), cost("/orders/?queue=waiting")) == before
    assert max(before) <= 14  # BEGIN and COMMIT are counted here


def test_release_says_how_many_went_and_why_the_others_did_not(desk: Desk) -> None:
    waits, unknown = desk.take(incoming((KETTLE, 1), remark="慢点"), incoming(("QY-NEW", 1)))
    told = post(desk.client(Role.OPERATOR), desk, waits, unknown)
    assert "放行了 1 单" in told
    assert "还停着 1 单：编码没配上" in told
    assert f"/orders/?ids={unknown}" in told
    assert "cf:released" in told
    assert desk.status(waits) == OrderStatus.FULFILLING
    assert desk.status(unknown) == OrderStatus.STOPPED


def test_stock_that_is_not_there_is_named(desk: Desk) -> None:
    first, second = desk.take(incoming((RARE, 2), remark="a"), incoming((RARE, 1), remark="b"))
    told = post(desk.client(Role.OPERATOR), desk, first, second)
    assert "放行了 1 单" in told
    assert "库存不够" in told


def test_an_order_that_changed_meanwhile_is_not_released_in_silence(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    seen = stamps(desk, order)
    with tenant(desk.tenant_id):
        builders.make_finding(order, code=CHANNEL_CHANGED, stops=False)
    told = post(desk.client(Role.OPERATOR), desk, order, stamped=seen)
    assert "1 单刚变了，没放行" in told
    assert desk.status(order) == OrderStatus.STOPPED
    assert "放行了 1 单" in post(desk.client(Role.OPERATOR), desk, order)


def test_released_by_a_colleague_a_moment_ago(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(Role.OPERATOR)
    seen = stamps(desk, order)
    post(client, desk, order)
    assert "1 单早就不停着了" in post(client, desk, order, stamped=seen)


def test_all_of_a_queue_is_chosen_and_released_in_one_call(desk: Desk) -> None:
    orders = desk.take(*(incoming((KETTLE, 1), remark="慢点") for _ in range(70)), incoming(("QY-NEW", 1)))
    client = desk.client(Role.OPERATOR)
    rows = client.get("/orders/choose/?queue=BUYER_REMARK").json()["rows"]
    assert {int(id_) for id_, _minor, _stamp in rows} == set(orders[:70])
    assert {minor for _id, minor, _stamp in rows} == {1_000}
    told = post(client, desk, *(int(row[0]) for row in rows), stamped=",".join(row[2] for row in rows))
    assert "放行了 70 单" in told
    with tenant(desk.tenant_id):
        assert not Finding.objects.filter(order__in=orders[:70], cleared_at__isnull=True, stops=True).exists()


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY])
def test_others_look_and_have_no_buttons(desk: Desk, role: Role) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(role)
    page = text(client, "/orders/") + text(client, f"/orders/{order}/panel/")
    assert "买家留言" in page
    assert "放行这一单" not in page
    assert "data-all-url" not in page
    form = {"ids": order, "stamps": stamps(desk, order)}
    assert client.post("/orders/release/", form).status_code == 403
    assert client.get("/orders/choose/").status_code == 403
    assert client.get("/channels/new/").status_code == 403
    assert desk.status(order) == OrderStatus.STOPPED


def test_a_store_clerk_has_no_workbench(desk: Desk) -> None:
    assert desk.client(Role.STORE).get("/orders/").status_code == 403


def test_who_is_bound_to_a_facility_sees_its_orders_only(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), number="T-HERE", remark="慢点"))
    with tenant(desk.tenant_id):
        elsewhere = builders.make_facility(name="别的仓")
    stranger, colleague = desk.client(Role.OPERATOR, elsewhere), desk.client(Role.OPERATOR, desk.facility_id)
    assert "T-HERE" in text(colleague, "/orders/")
    assert "T-HERE" not in text(stranger, "/orders/")
    assert stranger.get(f"/orders/{order}/").status_code == 404
    form = {"ids": order, "stamps": stamps(desk, order)}
    stranger.post("/orders/release/", form)
    assert desk.status(order) == OrderStatus.STOPPED
    with tenant(desk.tenant_id):
        counts = queries.count_queues([elsewhere], datetime.now(UTC))
    assert {count.orders for count in counts.values()} == {0}


def test_search_takes_a_number_from_its_beginning(desk: Desk) -> None:
    desk.take(incoming((KETTLE, 1), number="T-261121-1"), incoming((VACUUM, 1), number="T-261121-2"))
    client = desk.client(Role.OPERATOR)
    assert text(client, "/orders/?q=T-261121-1").count("<tr data-id=") == 1
    assert text(client, "/orders/?q=T-261121").count("<tr data-id=") == 2
    assert "没有这个单号" in text(client, "/orders/?q=T-2")
    assert "没有这个单号" in text(client, "/orders/?q=261121-1")
    with tenant(desk.tenant_id):
        ((parcel_id,),) = db.rows("SELECT max(id) FROM warehouse_parcel WHERE tenant_id = %s", desk.tenant_id)
    assert "T-261121-2" in text(client, f"/orders/?q={parcel_id}")
    assert text(client, "/orders/?q=%00").count("<tr data-id=") == 0


def test_pages_are_walked_by_cursor(desk: Desk) -> None:
    orders = desk.take(*(incoming((KETTLE, 1), remark="慢点") for _ in range(60)))
    client = desk.client(Role.OPERATOR)
    first = client.get("/orders/")
    cursor = re.search(r'rel="next" href="(\?[^"]+)"', first.content.decode())
    assert cursor
    second = client.get(f"/orders/{cursor[1].replace('&amp;', '&')}")
    seen = re.findall(r'<tr data-id="(\d+)"', first.content.decode() + second.content.decode())
    assert len(seen) == 60
    assert {int(id_) for id_ in seen} == set(orders)


@pytest.mark.parametrize("form", [{}, {"ids": ""}, {"ids": "1;DROP"}, {"ids": "1,2", "stamps": "1.0"}])
def test_a_choice_that_is_none_is_refused(desk: Desk, form: dict[str, str]) -> None:
    assert desk.client(Role.OPERATOR).post("/orders/release/", form).status_code == 422


def test_another_merchants_order_is_not_there(desk: Desk, other_tenant_id: int) -> None:
    other = make_desk(other_tenant_id)
    (order,) = other.take(incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(Role.OWNER)
    assert client.get(f"/orders/{order}/").status_code == 404
    assert client.get(f"/orders/{order}/panel/").status_code == 404
    client.post("/orders/release/", {"ids": order, "stamps": stamps(other, order)})
    assert other.status(order) == OrderStatus.STOPPED


def test_words_of_people_stand_in_the_row_and_are_asked_about(desk: Desk) -> None:
    said = incoming((KETTLE, 1), remark="周三以后送，\n工作日没人")
    first, second, third = desk.take(said, incoming(("QY-NEW", 1)), incoming(("QY-NEW", 2)))
    client = desk.client(Role.OPERATOR)
    assert 'title="买家留言：周三以后送， 工作日没人"' in text(client, "/orders/")
    told = post(client, desk, first, second, sure="")
    assert "cf:ask" in told
    assert "其中 1 单有留言或备注" in told
    assert desk.status(first) == OrderStatus.STOPPED
    assert "cf:ask" not in post(client, desk, second, third, sure=""), "nobody said anything"
    form = {"ids": f"{first},{second}", "stamps": stamps(desk, first, second), "sure": "1"}
    client.post("/orders/release/", form, headers={"HX-Request": "true"})
    assert desk.status(first) == OrderStatus.FULFILLING


def test_an_empty_list_says_where_to_go(desk: Desk) -> None:
    client = desk.client(Role.OPERATOR)
    assert "还没有订单" in text(client, "/orders/")
    assert 'href="/imports/new/"' in text(client, "/orders/")
    desk.take(incoming((KETTLE, 1), remark="慢点"))
    page = text(client, "/orders/?queue=SKU_UNMAPPED")
    assert "这一队清空了" in page
    assert "还有 1 单因为别的原因停着" in page


def test_a_code_of_another_sku_is_not_given_away(desk: Desk) -> None:
    desk.take(incoming(("QY-NEW", 1)))
    client = desk.client(Role.OPERATOR)
    assert "1 张单停在这个编码上" in text(client, "/orders/codes/?code=QY-NEW")
    client.post("/orders/codes/", {"code": KETTLE, "sku": desk.skus[VACUUM]})
    with tenant(desk.tenant_id):
        assert not db.rows("SELECT 1 FROM inventory_barcode WHERE tenant_id = %s", desk.tenant_id)
    assert client.post("/orders/codes/", {"code": "QY-NEW", "sku": "12"}).status_code == 404
    assert client.get("/orders/codes/").status_code == 422
    assert client.post("/orders/codes/", {"code": "QY-NEW", "sku": ""}).status_code == 422
    viewer = desk.client(Role.READONLY)
    assert viewer.post("/orders/codes/", {"code": "QY-NEW", "sku": desk.skus[VACUUM]}).status_code == 403
