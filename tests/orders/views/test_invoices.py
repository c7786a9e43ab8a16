"""Invoices by hand: the worklist, numbers typed and pasted, a file that never calculates, one asked for on an order's page."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from core.accounts import Role
from core.models import AuditEntry
from core.tenancy import tenant
from orders.models import InvoiceRequest, InvoiceState, RefundState
from orders.rules.invoices import InvoiceWish
from orders.services import refunds
from orders.services.refunds import RefundInput
from tests import laws
from tests.builders import incoming, make_facility
from tests.orders.views.scene import KETTLE, Desk, make_desk

N1, N2, N3 = "26332000000000000001", "26332000000000000002", "26332000000000000003"


@pytest.fixture
def desk(tenant_id: int) -> Desk:
    return make_desk(tenant_id)


def take(desk: Desk, *wishes: InvoiceWish) -> list[int]:
    """An order for each wish, T-1 and on; their requests."""
    orders = [
        replace(incoming((KETTLE, 2), number=f"T-{n}"), invoice=wish) for n, wish in enumerate(wishes, 1)
    ]
    desk.take(*orders)
    with tenant(desk.tenant_id):
        return list(InvoiceRequest.objects.order_by("order__number").values_list("id", flat=True))


def states(desk: Desk) -> list[int]:
    with tenant(desk.tenant_id):
        return list(InvoiceRequest.objects.order_by("order__number").values_list("state", flat=True))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def body(answer: Any) -> bytes:
    return b"".join(answer)


def numbers_page(client: Client, ids: Iterable[int], what: str = "issue") -> str:
    answer = client.post(f"/invoices/choose/?what={what}", {"ids": ",".join(map(str, ids))})
    assert answer.status_code == 302
    return str(answer["Location"])


def test_chosen_ones_get_their_numbers(desk: Desk) -> None:
    ids = take(desk, InvoiceWish("张小三"), InvoiceWish("某某公司", is_company=True), InvoiceWish("李四"))
    client = desk.client(Role.FINANCE)
    page = text(client.get("/invoices/"))
    assert all(word in page for word in ("T-1", "张**", "某某公司", "单位要有税号"))
    assert "张小三" not in page
    url = numbers_page(client, ids)
    assert text(client.get(url)).count('name="number_') == 3
    assert client.post(url, {"on": "2026-01-05"}).status_code == 422, "no number at all"
    filled = {"on": "2026-01-05", f"number_{ids[0]}": N1, f"number_{ids[1]}": N2}
    assert client.post(url, filled | {f"number_{ids[1]}": "x"}).status_code == 422
    assert states(desk) == [1, 1, 1], "all or none"
    assert client.post(url, filled).status_code == 302
    assert states(desk) == [2, 2, 1]
    assert N1 in text(client.get("/invoices/?queue=issued"))
    assert "T-1" in text(client.get(f"/invoices/?queue=all&q={N1}"))
    assert "没有这样的发票" in text(client.get("/invoices/?queue=all&q=NOPE"))
    assert client.get(numbers_page(client, ids[:1])).status_code == 404, "past that step"
    why = numbers_page(client, ids[2:], "fail")
    assert client.post(why, {"reason": ""}).status_code == 422
    assert client.post(why, {"reason": "税号注销了"}).status_code == 302
    assert "税号注销了" in text(client.get("/invoices/?queue=closed"))
    assert laws.broken(desk.tenant_id) == []


def test_numbers_are_pasted_all_or_none(desk: Desk) -> None:
    take(desk, InvoiceWish("张三"), InvoiceWish("李四"), InvoiceWish("王五"))
    client = desk.client(Role.FINANCE)
    form = {"on": "2026-01-05"}
    for wrong in (
        f"T-1 {N1}\nT-9 {N2}",
        "T-1",
        f"T-1 {N1}\nT-1 {N2}",
        f"T-1 {N1} 2026-13-01",
        f"T-1 {N1}\nT-2 {N1}",
    ):
        assert client.post("/invoices/paste/", form | {"lines": wrong}).status_code == 422, wrong
    assert states(desk) == [1, 1, 1]
    lines = f"T-1\t{N1}\t2026/1/2\r\n\r\nT-2,{N2}\n".replace("2026/1/2", "2026/01/02")
    assert client.post("/invoices/paste/", form | {"lines": lines}).status_code == 302
    with tenant(desk.tenant_id):
        found = (
            InvoiceRequest.objects.exclude(number="").order_by("number").values_list("number", "issued_on")
        )
        assert [(number, str(on)) for number, on in found] == [(N1, "2026-01-02"), (N2, "2026-01-05")]
    assert states(desk) == [2, 2, 1]


def test_the_file_has_people_in_clear_never_calculates_and_is_kept_in_mind(desk: Desk) -> None:
    take(desk, InvoiceWish("=HYPERLINK(1)"), InvoiceWish("张小三", email="zhang@example.com"))
    client = desk.client(Role.FINANCE)
    answer = client.post("/invoices/export/", {"queue": "waiting", "as": "csv"})
    rows = body(answer).decode("utf-8-sig").splitlines()
    assert len(rows) == 3
    assert "'=HYPERLINK(1)" in rows[1]
    assert (
        "张小三" in rows[2] and "zhang@example.com" in rows[2] and "20.00" in rows[2] and "电水壶" in rows[2]
    )
    book = zipfile.ZipFile(io.BytesIO(body(client.post("/invoices/export/", {"as": "xlsx"}))))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    with tenant(desk.tenant_id):
        kept = AuditEntry.objects.filter(action="export_invoices").values_list("detail", flat=True)
        assert [one["rows"] for one in kept] == [2, 2]
    assert len(body(client.post("/invoices/export/", {"queue": "issued"})).decode().splitlines()) == 1


def test_one_is_asked_for_and_changed_on_the_order(desk: Desk) -> None:
    (order_id,) = desk.take(incoming((KETTLE, 2), number="T-1"))
    client = desk.client(Role.OPERATOR)
    fragment = f"/orders/{order_id}/invoices/"
    assert f'hx-get="{fragment}"' in text(client.get(f"/orders/{order_id}/"))
    assert "申请发票" in text(client.get(fragment))
    url = f"/orders/{order_id}/invoice/"
    assert 'value="20.00"' in text(client.get(url))
    form = {
        "kind": "company",
        "title": "某某公司",
        "tax_number": "",
        "email": "",
        "content": "1",
        "amount": "20",
    }
    for wrong in (
        {},
        {"tax_number": "12"},
        {"kind": "person", "amount": "20.01"},
        {"kind": "person", "email": "x"},
    ):
        assert client.post(url, form | wrong).status_code == 422, wrong
    assert client.post(url, form | {"tax_number": "1" * 15, "email": "a@b.cn"}).status_code == 302
    assert client.get(url).status_code == 422, "there is one"
    page = text(client.get(fragment))
    assert "某某公司" in page and "申请发票" not in page
    with tenant(desk.tenant_id):
        id_ = InvoiceRequest.objects.get().id
    edit = f"/invoices/{id_}/"
    shown = text(client.get(edit))
    assert "1" * 15 in shown and "a@b.cn" not in shown
    assert client.post(edit, form | {"kind": "person", "title": "赵六", "amount": "5"}).status_code == 302
    with tenant(desk.tenant_id):
        row = InvoiceRequest.objects.get()
        assert (row.mask, row.amount_minor, row.is_company) == ("赵* a***@b.cn", 500, False)
    assert laws.broken(desk.tenant_id) == []


def test_what_a_refund_left_has_to_be_reversed(desk: Desk) -> None:
    (id_,) = take(desk, InvoiceWish("张三"))
    client = desk.client(Role.FINANCE)
    client.post(numbers_page(client, [id_]), {"on": "2026-01-05", f"number_{id_}": N1})
    with tenant(desk.tenant_id):
        order_id = InvoiceRequest.objects.get().order_id
        refunds.ask(refunds=[RefundInput(order_id, "RF-1", 100, state=RefundState.AGREED)])
    assert "T-1" in text(client.get("/invoices/?queue=to_reverse"))
    assert "要红冲" in text(client.get(f"/orders/{order_id}/invoices/"))
    url = numbers_page(client, [id_], "reverse")
    assert client.post(url, {"on": "2026-01-06", f"number_{id_}": N2, "asks_again": "on"}).status_code == 302
    with tenant(desk.tenant_id):
        found = InvoiceRequest.objects.order_by("asked_at").values_list("state", "amount_minor", "red_number")
        assert list(found) == [(InvoiceState.REVERSED, 2_000, N2), (InvoiceState.WAITING, 1_900, "")]
    assert laws.broken(desk.tenant_id) == []


def test_who_may_what(desk: Desk) -> None:
    (id_,) = take(desk, InvoiceWish("张三"))
    looks, asks = desk.client(Role.READONLY), desk.client(Role.OPERATOR)
    for client in (looks, asks):
        assert client.get("/invoices/").status_code == 200
        assert client.post("/invoices/export/").status_code == 403
        assert client.post("/invoices/paste/", {}).status_code == 403
        assert client.post("/invoices/choose/?what=issue", {"ids": id_}).status_code == 403
        assert client.get(f"/invoices/mark/?what=issue&ids={id_}").status_code == 403
    assert looks.get(f"/invoices/{id_}/").status_code == 403
    assert asks.get(f"/invoices/{id_}/").status_code == 200
    with tenant(desk.tenant_id):
        elsewhere = make_facility(name="别处")
    bound = desk.client(Role.FINANCE, elsewhere)
    assert "T-1" not in text(bound.get("/invoices/"))
    assert bound.get(f"/invoices/mark/?what=issue&ids={id_}").status_code == 404
    assert bound.get(f"/invoices/{id_}/").status_code == 404
    assert len(body(bound.post("/invoices/export/")).decode().splitlines()) == 1
    assert bound.post("/invoices/paste/", {"on": "2026-01-05", "lines": f"T-1 {N3}"}).status_code == 422
