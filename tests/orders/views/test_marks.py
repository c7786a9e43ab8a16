"""Hold, assign and note from the desk; narrowing; merged orders; the exported file."""

import csv
import io
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from core.accounts import Role
from core.tenancy import tenant
from orders import queries
from orders.models import Channel, Finding, Order, OrderStatus
from orders.services.planning import HELD
from tests import builders
from tests.builders import incoming
from tests.orders.views.scene import KETTLE, VACUUM, Desk, make_desk
from tests.orders.views.test_workbench import stamps, text
from tests.steps import count_statements


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def mark(client: Client, desk: Desk, name: str, *ids: int, **fields: str) -> str:
    form = {"ids": ",".join(map(str, ids)), "stamps": stamps(desk, *ids), **fields}
    answer = client.post(f"/orders/{name}/", form, headers={"HX-Request": "true"})
    assert answer.status_code in (200, 422), answer.content
    return answer.headers.get("HX-Trigger", "").encode().decode("unicode_escape")


def test_hold_says_what_it_did_and_what_it_could_not(desk: Desk) -> None:
    going, remark = desk.take(incoming((KETTLE, 1)), incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(Role.OPERATOR)
    told = mark(client, desk, "hold", going, remark, reason="客服在问")
    assert "挂起了 2 单" in told
    assert desk.status(going) == OrderStatus.STOPPED
    told = mark(client, desk, "hold", going, remark, reason="再挂")
    assert "2 单没挂" in told
    assert f"/orders/?ids={going},{remark}" in told
    page = text(client, "/orders/?queue=HELD")
    assert page.count("<tr data-id=") == 2
    assert "客服在问" in text(client, f"/orders/{going}/")


def test_hold_without_a_reason_is_refused_and_changes_nothing(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1)))
    client = desk.client(Role.OPERATOR)
    mark(client, desk, "hold", order, reason=" ")
    assert desk.status(order) == OrderStatus.FULFILLING
    with tenant(desk.tenant_id):
        assert not Finding.objects.filter(code=HELD).exists()


def test_a_hold_of_what_changed_meanwhile_is_not_done_in_silence(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    client, seen = desk.client(Role.OPERATOR), stamps(desk, order)
    with tenant(desk.tenant_id):
        builders.make_finding(order, code="CHANNEL_CHANGED", stops=False)
    form = {"ids": order, "stamps": seen, "reason": "x"}
    answer = client.post("/orders/hold/", form, headers={"HX-Request": "true"})
    assert "1 单刚变了，没挂" in answer.headers["HX-Trigger"].encode().decode("unicode_escape")


def test_who_looks_after_an_order_is_shown_and_narrows_the_list(desk: Desk) -> None:
    first, second = desk.take(*(incoming((KETTLE, 1), number=f"T-{n}", remark="慢点") for n in range(2)))
    client = desk.client(Role.OPERATOR)
    with tenant(desk.tenant_id):
        other = builders.make_member(Role.OPERATOR)
    me = client.session["_auth_user_id"]
    assert "分出去了 1 单" in mark(client, desk, "assign", first, assignee=me)
    assert "记在了 1 单上" in mark(client, desk, "note", first, note="等客服\r\n周五前")
    page = text(client, "/orders/?who=me")
    assert page.count("<tr data-id=") == 1
    assert "T-0" in page
    assert "等客服" in page
    assert text(client, "/orders/?who=none").count("<tr data-id=") == 1
    assert "没人管的" in text(client, f"/orders/?who={other}&channel={desk.channel_id}")
    assert "这几个条件下没有单" in text(client, f"/orders/?who={other}")
    chosen = client.get("/orders/choose/?who=none").json()["rows"]
    assert [int(row[0]) for row in chosen] == [second]
    assert "1 单现在没人管" in mark(client, desk, "assign", first, assignee="")
    told = text(client, f"/orders/{first}/")
    assert "写备注" in told
    assert "改成没人管" in told


def test_shop_and_facility_narrow_the_list(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    with tenant(desk.tenant_id):
        elsewhere = builders.make_facility(name="别的仓")
        shop = builders.make_channel(desk.facility_id, code="jd", name="京东店")
    client = desk.client(Role.OPERATOR)
    for query, found in (
        (f"channel={desk.channel_id}", 1),
        (f"channel={shop}", 0),
        (f"facility={desk.facility_id}", 1),
        (f"facility={elsewhere}", 0),
        ("channel=99999999999999999999&facility=x&who=%27", 1),
    ):
        assert text(client, f"/orders/?{query}").count("<tr data-id=") == found, query
    assert order


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY])
def test_others_have_no_marks(desk: Desk, role: Role) -> None:
    (order,) = desk.take(incoming((KETTLE, 1), remark="慢点"))
    client = desk.client(role)
    assert "data-mark=" not in text(client, "/orders/") + text(client, f"/orders/{order}/")
    for name in ("hold", "assign", "note"):
        form = {"ids": order, "stamps": "x", "reason": "x", "assignee": "", "note": "x"}
        assert client.post(f"/orders/{name}/", form).status_code == 403


def test_who_is_bound_to_a_facility_marks_its_orders_only(desk: Desk) -> None:
    (order,) = desk.take(incoming((KETTLE, 1)))
    with tenant(desk.tenant_id):
        elsewhere = builders.make_facility(name="别的仓")
    stranger = desk.client(Role.OPERATOR, elsewhere)
    mark(stranger, desk, "hold", order, reason="x")
    mark(stranger, desk, "note", order, note="x")
    assert desk.status(order) == OrderStatus.FULFILLING
    with tenant(desk.tenant_id):
        assert Order.objects.get(id=order).note == ""


def test_what_travels_with_another_is_no_row_of_its_own_but_is_found(desk: Desk) -> None:
    leader, member = desk.take(*(incoming((KETTLE, 1), number=f"T-88{n}", remark="慢点") for n in range(2)))
    with tenant(desk.tenant_id):
        Order.objects.filter(id=member).update(
            merged_into=leader, decided={"merge": {"proof": "RECEIVER", "orders": [leader, member]}}
        )
    client = desk.client(Role.OPERATOR)
    page = text(client, "/orders/")
    assert page.count("<tr data-id=") == 1
    assert "2 单一起发" in page
    found = text(client, "/orders/?q=T-881")
    assert "已合单" in found
    assert "跟 T-880 一起" in found
    assert "T-881" in text(client, f"/orders/{leader}/")
    told = text(client, f"/orders/{member}/")
    assert "包裹记在它名下" in told
    assert "收件人和地址一字不差" in told


def amounts(rows: list[dict[str, str]], title: str) -> Decimal:
    return sum((Decimal(row[title]) for row in rows), Decimal(0))


def test_the_file_says_what_the_list_says_to_the_cent(desk: Desk) -> None:
    desk.take(
        *(
            incoming((KETTLE, n % 7 + 1), (VACUUM, 1), number=f"T-{n:03}", price_minor=333 + n, remark="=1+1")
            for n in range(120)
        ),
        incoming((KETTLE, 1), number="T-GONE"),
    )
    client = desk.client(Role.OPERATOR)
    answer = client.get("/orders/export/?queue=stopped")
    body = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    with tenant(desk.tenant_id):
        found = queries.list_queue(queries.STOPPED, None)
        minor = sum(found.values_list("amount_minor", flat=True))
        numbers = set(found.values_list("number", flat=True))
    assert len(rows) == 120, "no total row"
    assert {row["订单号"] for row in rows} == numbers
    assert amounts(rows, "实付") * 100 == minor
    assert all(row["实付"] == row["商品金额"] for row in rows)
    assert {row["买家留言"] for row in rows} == {"'=1+1"}
    assert {row["停下的原因"] for row in rows} == {"买家留言"}
    assert rows[0]["下单"][-6:] == "+08:00"
    body = b"".join(client.get("/orders/export/?queue=stopped&as=xlsx").streaming_content)  # type: ignore[attr-defined]
    titles, *lines = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    paid = titles.index("实付")
    assert sum(Decimal(str(line[paid])) for line in lines) * 100 == minor
    assert len(lines) == 120
    assert lines[0][titles.index("买家留言")] == "=1+1"


def test_a_file_costs_the_same_for_many_and_keeps_to_the_filter(desk: Desk) -> None:
    desk.take(*(incoming((KETTLE, 1), remark="慢点") for _ in range(3)))
    client = desk.client(Role.READONLY)

    def cost(path: str) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as seen:
            body = b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined]
        return count_statements(seen), len(body.decode("utf-8-sig").splitlines()) - 1

    client.get("/orders/")
    few, three = cost("/orders/export/")
    desk.take(*(incoming((KETTLE, 1), remark="慢点") for _ in range(60)))
    assert cost("/orders/export/") == (few, 63)
    assert three == 3
    assert cost("/orders/export/?channel=1")[1] == 0
    with tenant(desk.tenant_id):
        number = Channel.objects.count() and Order.objects.values_list("number", flat=True)[0]
    assert cost(f"/orders/export/?q={number}")[1] == 1
