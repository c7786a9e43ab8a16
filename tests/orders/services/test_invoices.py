"""Invoices: one at a time, never more than was paid less what goes back, and what refunds do to them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from core import clock, db, relay
from core.tenancy import tenant
from orders.errors import (
    BadInvoice,
    InvoiceClosed,
    InvoiceNumberTaken,
    InvoiceOpen,
    InvoiceTooMuch,
    NoInvoice,
)
from orders.models import ChannelState, InvoiceRequest, InvoiceState, RefundState
from orders.rules.invoices import InvoiceWish
from orders.services import invoice_buyers, invoices, refunds
from orders.services.invoices import InvoiceInput, Moved, Numbered
from orders.services.refunds import RefundInput
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, facts, order_of, push
from tests.steps import Do, count_statements

WAITING, ISSUED, TO_REVERSE, REVERSED, FAILED, CANCELLED = list(InvoiceState)
PERSON = InvoiceWish("张小三", email="zhang@example.com")


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    do(shop.stock, "A", 500)
    return shop


def bought(do: Do, shop: Shop, number: str = "T-1", units: int = 3, **more: Any) -> int:
    """An order of `units` at 10.00."""
    push(do, shop, replace(make.incoming(("A", units), number=number), **more))
    return do(order_of, number).id


def ask(do: Do, order_id: int, wish: InvoiceWish = PERSON) -> int:
    return do(invoices.ask, asked=[InvoiceInput(order_id, wish)])[order_id]


def issue(do: Do, id_: int, number: str = "26332000000012345678") -> Moved:
    return do(invoices.issue, issued=[Numbered(id_, number, do(clock.today))], actor_id=None)


def reverse(do: Do, id_: int, number: str = "26332000000087654321", *, asks_again: bool = False) -> Moved:
    numbered = [Numbered(id_, number, do(clock.today))]
    return do(invoices.reverse, reversed_=numbered, asks_again=asks_again, actor_id=None)


def refund(
    do: Do, order_id: int, minor: int, external: str = "RF", state: RefundState = RefundState.AGREED
) -> None:
    do(refunds.ask, refunds=[RefundInput(order_id, external, minor, state=state)])


def row(do: Do, id_: int) -> InvoiceRequest:
    return do(InvoiceRequest.objects.get, id=id_)


def state(do: Do, id_: int) -> tuple[InvoiceState, int]:
    found = row(do, id_)
    return InvoiceState(found.state), found.amount_minor


def test_one_is_asked_issued_and_reversed(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id)
    found = row(do, id_)
    assert (found.state, found.amount_minor, found.mask) == (WAITING, 3_000, "张** z***@example.com")
    assert "张小三".encode() not in bytes(found.buyer)
    assert do(invoice_buyers.list_buyers, request_ids=[id_], actor_id=None)[id_] == PERSON
    with pytest.raises(InvoiceOpen):
        ask(do, order_id)
    assert issue(do, id_, "2633-2000 000012345678").request_ids == (id_,)
    assert issue(do, id_) == Moved((), (id_,)), "said twice"
    assert row(do, id_).number == "26332000000012345678"
    with pytest.raises(InvoiceOpen):
        ask(do, order_id)
    with pytest.raises(InvoiceClosed):
        do(invoices.fail, request_ids=[id_], reason="x", actor_id=None)
    assert reverse(do, id_).request_ids == (id_,)
    assert reverse(do, id_).left == (id_,)
    assert state(do, id_) == (REVERSED, 3_000)
    assert state(do, ask(do, order_id)) == (WAITING, 3_000)
    assert [do(facts, topic)[0]["invoice_ids"] for topic in ("InvoicesAsked", "InvoicesIssued")] == [
        [id_],
        [id_],
    ]
    assert laws.broken(do.tenant_id) == []


@pytest.mark.parametrize(
    ("wish", "refusal"),
    [
        (InvoiceWish(""), BadInvoice),
        (InvoiceWish("某厂", is_company=True), BadInvoice),
        (InvoiceWish("个人", email="x"), BadInvoice),
        (InvoiceWish("个人", amount_minor=3_001), InvoiceTooMuch),
        (InvoiceWish("个人", amount_minor=0), InvoiceTooMuch),
    ],
)
def test_what_cannot_be_issued_is_not_asked_for(
    do: Do, shop: Shop, wish: InvoiceWish, refusal: type[Exception]
) -> None:
    order_id = bought(do, shop)
    with pytest.raises(refusal):
        ask(do, order_id, wish)
    assert do(InvoiceRequest.objects.count) == 0


@pytest.mark.parametrize("said", [ChannelState.UNPAID, ChannelState.DEPOSIT, ChannelState.CLOSED])
def test_nothing_is_invoiced_of_what_was_not_paid(do: Do, shop: Shop, said: ChannelState) -> None:
    order_id = bought(do, shop, state=int(said), invoice=PERSON)
    assert do(InvoiceRequest.objects.count) == 0
    with pytest.raises(InvoiceTooMuch):
        ask(do, order_id)


def test_a_wish_comes_with_the_order_and_with_its_payment_and_only_once(do: Do, shop: Shop) -> None:
    bad = InvoiceWish("某某公司", is_company=True)
    first = bought(do, shop, "T-1", invoice=PERSON)
    second = bought(do, shop, "T-2", state=int(ChannelState.UNPAID), invoice=bad)
    paid = replace(make.incoming(("A", 3), number="T-2"), raw="paid now", invoice=bad)
    push(do, shop, paid)
    found = {r.order_id: r for r in do(list, InvoiceRequest.objects.all())}
    assert {i: (r.amount_minor, r.problem) for i, r in found.items()} == {
        first: (3_000, ""),
        second: (3_000, "NO_TAX_NUMBER"),
    }
    do(invoices.cancel, request_ids=[found[second].id], reason="买家说不要了", actor_id=None)
    push(do, shop, replace(paid, raw="again, with another word"))
    assert do(InvoiceRequest.objects.count) == 2
    with pytest.raises(BadInvoice):
        do(invoices.change, request_id=found[first].id, wish=bad, actor_id=None)
    better = InvoiceWish("李四", amount_minor=1_000)
    do(invoices.change, request_id=found[first].id, wish=better, actor_id=None)
    kept = do(invoice_buyers.list_buyers, request_ids=[found[first].id], actor_id=None)[found[first].id]
    assert (kept.title, kept.email, row(do, found[first].id).amount_minor) == ("李四", PERSON.email, 1_000)
    assert laws.broken(do.tenant_id) == []


def test_a_refund_lowers_what_waits_and_calls_it_off_when_nothing_is_left(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id)
    refund(do, order_id, 1_000, "asked", RefundState.REQUESTED)
    assert state(do, id_) == (WAITING, 3_000), "only asked for"
    (asked,) = do(db.rows, "SELECT id FROM orders_refund")[0]
    do(refunds.agree, refund_ids=[asked], actor_id=None)
    assert state(do, id_) == (WAITING, 2_000)
    refund(do, order_id, 2_000, "rest", RefundState.DONE)
    assert state(do, id_) == (CANCELLED, 2_000)
    with pytest.raises(InvoiceTooMuch):
        ask(do, order_id)
    assert laws.broken(do.tenant_id) == []


def test_a_refund_after_it_was_issued_has_it_reversed_and_asked_anew(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id, replace(PERSON, amount_minor=2_500))
    issue(do, id_)
    refund(do, order_id, 500, "small")
    assert state(do, id_) == (ISSUED, 2_500), "there was more than it says"
    refund(do, order_id, 1_000, "big")
    assert state(do, id_) == (TO_REVERSE, 2_500)
    assert do(facts, "InvoicesToReverse") == [{"invoice_ids": [id_], "order_ids": [order_id]}]
    assert laws.broken(do.tenant_id) == []
    (again,) = reverse(do, id_, asks_again=True).again
    assert (state(do, id_)[0], state(do, again)) == (REVERSED, (WAITING, 1_500))
    assert do(invoice_buyers.list_buyers, request_ids=[again], actor_id=None)[again].title == PERSON.title
    assert laws.broken(do.tenant_id) == []


def test_an_order_that_its_platform_closes_has_its_invoice_reversed(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id)
    issue(do, id_)
    push(
        do, shop, replace(make.incoming(("A", 3), number="T-1"), raw="closed", state=int(ChannelState.CLOSED))
    )
    relay.deliver(do.tenant_id)
    assert state(do, id_)[0] == TO_REVERSE
    assert laws.broken(do.tenant_id) == []


def test_numbers_are_one_invoice_each(do: Do, shop: Shop) -> None:
    first, second = (ask(do, bought(do, shop, f"T-{n}")) for n in (1, 2))
    issue(do, first)
    with pytest.raises(InvoiceNumberTaken):
        issue(do, second)
    assert state(do, second)[0] == WAITING
    with pytest.raises(InvoiceClosed):
        issue(do, first, "26332000000099999999")
    with pytest.raises(BadInvoice):
        issue(do, second, "12")
    today = do(clock.today)
    with pytest.raises(BadInvoice):
        tomorrow = Numbered(second, "26332000000011111111", today + timedelta(days=1))
        do(invoices.issue, issued=[tomorrow], actor_id=None)
    with pytest.raises(NoInvoice):
        issue(do, 1)


def test_what_cannot_be_issued_says_why_and_may_be_asked_for_again(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id)
    with pytest.raises(BadInvoice):
        do(invoices.fail, request_ids=[id_], reason=" ", actor_id=None)
    assert do(invoices.fail, request_ids=[id_], reason="税号注销了", actor_id=None).request_ids == (id_,)
    assert do(invoices.fail, request_ids=[id_], reason="税号注销了", actor_id=None).left == (id_,)
    with pytest.raises(InvoiceClosed):
        issue(do, id_)
    assert ask(do, order_id) != id_


def test_the_database_refuses_a_second_one_and_an_invoice_without_a_number(do: Do, shop: Shop) -> None:
    order_id = bought(do, shop)
    id_ = ask(do, order_id)
    wish = {order_id: (PERSON, 100)}
    with pytest.raises(IntegrityError, match="orders_invoicerequest_open"):
        do(invoices._write, wish, None)
    for column in ("state = 2", "amount_minor = 0", "state = 5, decided_at = now()"):
        with pytest.raises(IntegrityError):
            do(db.execute, f"UPDATE orders_invoicerequest SET {column} WHERE id = %s", id_)


def test_many_cost_as_many_statements_as_one(do: Do, shop: Shop) -> None:
    ids = [bought(do, shop, f"T-{n}") for n in range(12)]
    costs = []
    for chosen in (ids[:1], ids[1:]):
        with tenant(do.tenant_id), CaptureQueriesContext(connection) as seen:
            made = invoices.ask(asked=[InvoiceInput(i, PERSON) for i in chosen])
            numbered = [
                Numbered(id_, f"263320000000{order_id:08}", clock.today()) for order_id, id_ in made.items()
            ]
            invoices.issue(issued=numbered, actor_id=None)
        costs.append(count_statements(seen))
    assert costs[0] == costs[1]
