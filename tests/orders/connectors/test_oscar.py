"""The connector of a django-oscar shop: nothing is lost whatever happens between pages, changes are seen, a number is told once."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from core import db
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders.connectors import registry
from orders.connectors.addresses import own_shop
from orders.connectors.errors import Refused, Unauthorized, Unreachable, Untrue
from orders.connectors.interface import Connector, Page, Shipment, Unread, Window
from orders.connectors.oscar import LOOKS, read_place
from orders.connectors.transport import Http
from orders.models import Channel, Connection, PullProblem
from orders.rules.incoming import IncomingOrder
from orders.rules.ship_back import PlatformLine
from orders.views.connections import ConnectionForm
from tests import builders as make
from tests.orders.connectors.oscar_server import PASSWORD, USER, OscarShop, serving

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


@pytest.fixture
def shop() -> OscarShop:
    return OscarShop()


def connector_at(url: str, password: str = PASSWORD) -> Connector:
    http = Http(own_shop(url, loopback=True), per_second=10_000, read_s=5)
    return registry.PLATFORMS["own"].make(http, {"user": USER, "password": password}, lambda: NOW)


@pytest.fixture
def connector(shop: OscarShop) -> Iterator[Connector]:
    with serving(shop) as url:
        yield connector_at(url)


def pages(connector: Connector, cursor: str = "", *, minutes: float = 0) -> Iterator[Page]:
    now = NOW + timedelta(minutes=minutes)
    return connector.pull(cursor, Window(now, NOW - timedelta(hours=24)))


def pull(
    connector: Connector, cursor: str = "", *, minutes: float = 0
) -> tuple[dict[str, IncomingOrder], str]:
    """The newest of each order that came, and the cursor to go on from."""
    found: dict[str, IncomingOrder] = {}
    for page in pages(connector, cursor, minutes=minutes):
        assert page.unread == ()
        found |= {order.external_number: order for order in page.orders}
        cursor = page.cursor or cursor
    return found, cursor


def test_an_order_comes_in_as_the_shop_states_it(connector: Connector, shop: OscarShop) -> None:
    shop.place(1, at(20), ("K7", 2, "199.00"), ("K7-F", 1, "9.50"))
    found, _cursor = pull(connector)
    order = found["100001"]
    assert [(line.code, line.quantity, line.unit_price_minor, line.source_row) for line in order.lines] == [
        ("K7", 2, 19_900, 1),
        ("K7-F", 1, 950, 2),
    ]
    assert (order.amount_minor, order.charge_minor, order.discount_minor) == (41_350, 800, 200)
    assert (order.state, order.remark, order.placed_at, order.buyer) == (
        1,
        "放门口",
        at(20),
        "li@example.com",
    )
    assert order.receiver is not None
    assert (order.receiver.name, order.receiver.phone, order.receiver.is_masked) == (
        "李雷",
        "13800002046",
        False,
    )
    assert (order.receiver.city, order.receiver.district) == ("上海市", "徐汇区")
    assert connector.platform_lines(order.raw) == (PlatformLine("10", 2), PlatformLine("11", 1))
    assert connector.check() == USER


@pytest.mark.parametrize("page_size", [None, 5])
def test_all_since_the_beginning_once(connector: Connector, shop: OscarShop, page_size: int | None) -> None:
    shop.page_size = page_size
    for n in range(1, 23):
        shop.place(n, at(n * 60 + 15))
    shop.place(23, at(25 * 60))
    found, cursor = pull(connector)
    assert set(found) == {str(100_000 + n) for n in range(1, 23)}
    shop.calls.clear()
    assert pull(connector, cursor, minutes=2)[0] == {}
    assert not any("lines" in call for call in shop.calls)


def test_a_change_of_status_or_address_is_seen(connector: Connector, shop: OscarShop) -> None:
    for n in range(1, 12):
        shop.place(n, at(n * 30))
    _found, cursor = pull(connector)
    shop.orders[9].status, shop.orders[11].street = "Cancelled", "漕溪北路 8 号"
    found, cursor = pull(connector, cursor, minutes=30)
    assert {number: order.state for number, order in found.items()} == {"100009": 4, "100011": 1}
    receiver = found["100011"].receiver
    assert receiver is not None
    assert receiver.street == "漕溪北路 8 号"
    shop.orders[9].street = "finished: nobody looks"
    assert pull(connector, cursor, minutes=60)[0] == {}


def test_unfinished_orders_take_turns(connector: Connector, shop: OscarShop) -> None:
    count, shop.page_size = LOOKS * 2 + 7, 50
    for n in range(1, count + 1):
        shop.place(n, at(15 + n))
    _found, cursor = pull(connector)
    for order in shop.orders.values():
        order.status = "Complete"
    seen: set[str] = set()
    for n in range(3):
        found, cursor = pull(connector, cursor, minutes=30 + n)
        assert len(found) <= LOOKS
        seen |= set(found)
    assert len(seen) == count
    assert read_place(cursor, NOW).known == {} or not any(
        one.is_open for one in read_place(cursor, NOW).known.values()
    )


def test_nothing_is_lost_whatever_happens_between_pages_and_kills(
    connector: Connector, shop: OscarShop
) -> None:
    """Orders come and go while pages are read, and any page may be the last that a run stores."""
    for seed in range(3):
        dice = random.Random(seed)
        shop.orders = {}
        for n in range(1, 18):
            shop.place(n, at(60 * dice.random() + 12))
        kept = set(dice.sample(sorted(shop.orders), 12))

        clock = [NOW]

        def happen(
            shop: OscarShop,
            path: str,
            dice: random.Random = dice,
            kept: set[int] = kept,
            clock: list[datetime] = clock,
        ) -> None:
            what = dice.random()
            if what < 0.15 and len(shop.orders) < 60:
                id_ = max(shop.orders) + 1
                shop.place(id_, clock[0] + timedelta(seconds=1))
                kept.add(id_)
            elif what < 0.25 and (mortal := sorted(set(shop.orders) - kept)):
                del shop.orders[dice.choice(mortal)]

        shop.before = happen
        cursor, found = "", set[str]()
        for turn in range(25):
            clock[0] = NOW + timedelta(minutes=turn)
            try:
                for page in pages(connector, cursor, minutes=turn):
                    found |= {order.external_number for order in page.orders}
                    cursor = page.cursor or cursor
                    if dice.random() < 0.3:
                        break
            except Untrue:
                continue
        shop.before = None
        found |= set(pull(connector, cursor, minutes=60)[0])
        assert {str(100_000 + id_) for id_ in kept} <= found, seed


def test_what_cannot_be_read_waits_and_the_others_go_on(connector: Connector, shop: OscarShop) -> None:
    shop.place(1, at(30), status="Boxed up by Joe")
    shop.place(2, at(31))
    read = list(pages(connector))
    assert [order.external_number for page in read for order in page.orders] == ["100002"]
    assert [(one.external_number, one.words) for page in read for one in page.unread] == [
        ("100001", "status")
    ]
    del shop.orders[2]
    again = list(pages(connector, read[-1].cursor or "", minutes=30))
    assert [one for page in again for one in page.unread] == [Unread("100002", "gone", "")]
    shop.currency = "GBP"
    shop.place(3, at(-20))
    foreign = list(pages(connector, again[-1].cursor or "", minutes=40))
    assert ("100003", "currency") in [(u.external_number, u.words) for page in foreign for u in page.unread]


def test_a_number_is_told_once_also_when_the_answer_was_lost(connector: Connector, shop: OscarShop) -> None:
    order = shop.place(1, at(30), ("S", 3, "10.00"))
    one = Shipment(1, "100001", "SF1", "SF", (("10", 2),))
    shop.lose = 1
    (lost,) = connector.push_shipments([one])
    assert isinstance(lost.problem, Unreachable)
    assert lost.problem.may_have_worked
    rest = Shipment(2, "100001", "SF2", "SF", (("10", 1),), ("SF1",))
    assert [outcome.problem for outcome in connector.push_shipments([one, rest])] == [None, None]
    assert order.shipments == {"SF1": [(10, 2)], "SF2": [(10, 1)]}
    unknown = Shipment(3, "9", "SF3", "SF")
    (outcome,) = connector.push_shipments([unknown])
    assert isinstance(outcome.problem, Refused)
    assert outcome.problem.code == "no_order"
    shop.takes_shipments = False
    (outcome,) = connector.push_shipments([unknown])
    assert isinstance(outcome.problem, Refused)
    assert outcome.problem.code == "no_shipments"


def test_a_wrong_password_and_a_plain_address_are_refused(shop: OscarShop) -> None:
    with serving(shop) as url:
        with pytest.raises(Unauthorized):
            connector_at(url, "wrong").check()
        given = {"user": USER, "password": PASSWORD}
        with pytest.raises(Refused) as refused:
            registry.connect("own", given, lambda: NOW, own_address=url)
    assert refused.value.code == "not_https"


def test_a_person_connects_it_on_its_page_and_the_password_stays_hidden(tenant_id: int) -> None:
    with tenant(tenant_id):
        name = User.objects.get(id=make.make_member(Role.OPERATOR)).username
        channel_id = make.make_channel(make.make_facility(), code=make.unique("c"))
        Channel.objects.filter(id=channel_id).update(platform="own")
    client = Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    page = reverse("orders:connection", args=[channel_id])
    said = {"address": "https://shop.example/api/", "user": USER, "password": PASSWORD, "pull_every_s": "60"}
    assert client.post(page, {**said, "user": ""}).status_code == 422
    assert client.post(page, said).status_code == 302
    with tenant(tenant_id):
        row = Connection.objects.get(channel_id=channel_id)
        PullProblem.objects.create(
            id=db.new_id(), connection=row, external_number="100001", words="gone", raw=b""
        )
    assert (row.address, row.hints) == (
        "https://shop.example/api/",
        {"user": USER[-4:], "password": PASSWORD[-4:]},
    )
    assert PASSWORD.encode() not in bytes(row.credentials)
    shown = client.get(page).content.decode()
    assert "https://shop.example/api/" in shown
    assert "商城里没有这张单了。" in shown
    assert PASSWORD not in shown


def test_its_form_asks_for_an_address_a_name_and_a_password() -> None:
    form = ConnectionForm(registry.PLATFORMS["own"], {}, is_new=True)
    assert [
        name
        for name in form.fields
        if name in ("app_key", "secret", "session", "user", "password", "address")
    ] == [
        "user",
        "password",
        "address",
    ]
    assert 'type="password"' in str(form["password"])
