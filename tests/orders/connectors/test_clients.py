"""The four clients against a platform on this machine: signed calls, paging, throttling, lies and broken answers, shipping."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orders.connectors import registry
from orders.connectors.addresses import own_shop
from orders.connectors.errors import PlatformError, Refused, Throttled, Unauthorized, Unreachable, Untrue
from orders.connectors.interface import (
    Connector,
    Hidden,
    Page,
    RefundState,
    Shipment,
    StockLevel,
    Window,
)
from orders.connectors.transport import Http
from orders.rules.incoming import IncomingOrder
from tests.orders.connectors.dialects import PATHS, platform
from tests.orders.connectors.platform_server import SECRET, SESSION, Shop

EVERY = tuple(PATHS)
GIVEN = {"app_key": "12345678", "secret": SECRET, "session": SESSION}
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


@pytest.fixture(params=EVERY)
def code(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def connector_at(code: str, url: str, *, read_s: float = 5.0, given: Mapping[str, str] = GIVEN) -> Connector:
    http = Http(own_shop(url, loopback=True), per_second=10_000, read_s=read_s)
    return registry.PLATFORMS[code].make(http, given, lambda: datetime.now(UTC))


@pytest.fixture
def connector(code: str, shop: Shop) -> Iterator[Connector]:
    with platform(shop, code) as url:
        yield connector_at(code, url)


@pytest.fixture
def taobao(shop: Shop) -> Iterator[Connector]:
    with platform(shop, "tmall") as url:
        yield connector_at("tmall", url)


def pull(connector: Connector, cursor: str = "", *, hours: float = 3) -> tuple[dict[str, IncomingOrder], str]:
    found: dict[str, IncomingOrder] = {}
    for page in pages(connector, cursor, hours=hours):
        found.update({order.external_number: order for order in page.orders})
        assert page.unread == ()
        cursor = page.cursor or cursor
    return found, cursor


def pages(connector: Connector, cursor: str = "", *, hours: float = 3) -> Iterator[Page]:
    return connector.pull(cursor, Window(NOW, NOW - timedelta(hours=hours)))


def add_orders(shop: Shop, count: int, *, minutes: float = 100) -> None:
    for n in range(count):
        shop.add(f"{9_000 + n}", ("S", 2, 1_050), modified=NOW - timedelta(minutes=minutes, seconds=n))


# ── orders ──


def test_an_order_comes_in_as_the_platform_states_it(connector: Connector, shop: Shop) -> None:
    at = NOW - timedelta(minutes=20)
    lines = (("K7", 2, 19_900), ("K7-F", 1, 950))
    shop.add("7001", *lines, modified=at, token="T1", message="轻放", freight=800)
    found, _cursor = pull(connector)
    order = found["7001"]
    assert [(line.code, line.quantity, line.unit_price_minor, line.source_row) for line in order.lines] == [
        ("K7", 2, 19_900, 1),
        ("K7-F", 1, 950, 2),
    ]
    assert (order.amount_minor, order.charge_minor, order.discount_minor) == (41_550, 800, 0)
    assert (order.state, order.remark, order.placed_at, order.receiver_token) == (1, "轻放", at, "T1")
    assert order.receiver is not None
    assert order.receiver.is_masked
    assert (order.receiver.name, order.receiver.district) == ("张**", "徐汇区")
    assert [line.quantity for line in connector.platform_lines(order.raw)] == [2, 1]


def test_many_pages_and_what_changed_since(connector: Connector, shop: Shop) -> None:
    add_orders(shop, 230)
    found, cursor = pull(connector)
    assert set(found) == set(shop.orders)
    changed = shop.orders["9003"]
    changed.modified, changed.status = NOW - timedelta(minutes=12), "shipped"
    found, _cursor = pull(connector, cursor)
    assert found == {} or {number: order.state for number, order in found.items()} == {"9003": 2}
    later = Window(NOW + timedelta(minutes=5), NOW)
    shop.orders["9004"].modified = NOW + timedelta(minutes=1)
    assert [order.external_number for page in connector.pull(cursor, later) for order in page.orders] == [
        "9004"
    ]


@pytest.mark.parametrize("lie", ["duplicate", "missing", "total"])
def test_a_lie_is_asked_again(connector: Connector, shop: Shop, lie: str) -> None:
    add_orders(shop, 130)
    shop.faults = ["", lie, "", lie]
    found, _cursor = pull(connector)
    assert set(found) == set(shop.orders)


def test_a_platform_that_goes_on_lying_moves_no_cursor(connector: Connector, shop: Shop) -> None:
    add_orders(shop, 5)
    shop.faults = ["missing"] * 500
    with pytest.raises(Untrue):
        for page in pages(connector, hours=2):
            assert page.cursor
            assert '"at": "2026-11-22T02:00:00+00:00"' in page.cursor


def test_an_order_that_cannot_be_read_waits_and_the_others_go_on(connector: Connector, shop: Shop) -> None:
    add_orders(shop, 3)
    shop.orders["9001"].broken = True
    found = list(pages(connector))
    assert {order.external_number for page in found for order in page.orders} == {"9000", "9002"}
    assert {unread.external_number for page in found for unread in page.unread} == {"9001"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("throttle", Throttled),
        ("die", Unreachable),
        ("half", Unreachable),
        ("busy", Unreachable),
        ("not_json", Untrue),
        ("array", Untrue),
        ("forbidden", Unauthorized),
        ("redirect", Unreachable),
    ],
)
def test_what_goes_wrong_has_a_type(
    connector: Connector, shop: Shop, fault: str, expected: type[PlatformError]
) -> None:
    shop.faults = [fault]
    with pytest.raises(expected) as caught:
        connector.check()
    assert SECRET not in str(caught.value)
    assert SESSION not in str(caught.value)


def test_a_late_answer_is_not_waited_for(code: str, shop: Shop) -> None:
    shop.faults = ["late"]
    with platform(shop, code) as url, pytest.raises(Unreachable) as caught:
        connector_at(code, url, read_s=0.3).check()
    assert caught.value.may_have_worked


def test_wrong_credentials_are_unauthorized(code: str, shop: Shop) -> None:
    with platform(shop, code) as url:
        for wrong in ({"secret": "another"}, {"session": "another"}):
            with pytest.raises(Unauthorized):
                connector_at(code, url, given=GIVEN | wrong).check()
        shop.is_locked = True
        with pytest.raises(Unauthorized):
            connector_at(code, url).check()


def test_nobody_there_is_unreachable(code: str) -> None:
    with pytest.raises(Unreachable) as caught:
        connector_at(code, "http://127.0.0.1:1/").check()
    assert not caught.value.may_have_worked


def test_the_platform_says_how_long_to_wait(taobao: Connector, shop: Shop) -> None:
    shop.faults = ["throttle"]
    with pytest.raises(Throttled) as caught:
        taobao.check()
    assert caught.value.retry_after_s == 7


# ── shipping ──


def ship(connector: Connector, *shipments: Shipment) -> list[PlatformError | None]:
    return [outcome.problem for outcome in connector.push_shipments(shipments)]


def numbers(shop: Shop, order: str) -> list[str]:
    return [number for number, _company, _lines in shop.orders[order].parcels]


def test_one_number_for_a_whole_order(connector: Connector, shop: Shop) -> None:
    shop.add("7001")
    assert ship(connector, Shipment(1, "7001", "SF1", "44")) == [None]
    assert shop.orders["7001"].parcels == [("SF1", "44", ())]


def test_an_answer_that_was_lost_is_found_and_not_said_twice(
    code: str, connector: Connector, shop: Shop
) -> None:
    shop.add("7001")
    shop.lose_answer_to = {
        "tmall": "taobao.logistics.online.send",
        "jd": "jingdong.pop.order.shipment",
        "pdd": "pdd.logistics.online.send",
        "douyin": "order.logisticsAdd",
    }[code]
    (problem,) = ship(connector, Shipment(1, "7001", "SF1", "44"))
    assert isinstance(problem, Unreachable)
    assert problem.may_have_worked
    assert ship(connector, Shipment(1, "7001", "SF1", "44")) == [None]
    assert numbers(shop, "7001") == ["SF1"]


def test_an_order_that_somebody_else_shipped_is_refused(connector: Connector, shop: Shop) -> None:
    shop.add("7001")
    ship(connector, Shipment(1, "7001", "OTHER", "44"))
    (problem,) = ship(connector, Shipment(2, "7001", "SF1", "44"))
    assert isinstance(problem, Refused)


def test_a_second_number_where_an_order_takes_all(shop: Shop) -> None:
    for code in ("jd", "pdd"):
        shop.orders.clear()
        shop.add("7001")
        with platform(shop, code) as url:
            connector = connector_at(code, url)
            assert ship(connector, Shipment(1, "7001", "SF1", "44")) == [None]
            assert ship(connector, Shipment(2, "7001", "SF2", "44", others=("SF1",))) == [None]
        assert numbers(shop, "7001") == ["SF1", "SF2"]


def test_lines_with_numbers_of_their_own(shop: Shop) -> None:
    for code, lines in (("tmall", (("70012", 0),)), ("douyin", (("70012", 1),))):
        shop.orders.clear()
        shop.add("7001", ("A", 2, 100), ("B", 1, 100))
        with platform(shop, code) as url:
            connector = connector_at(code, url)
            first = Shipment(1, "7001", "SF1", "44", (("70011", 2),))
            assert ship(connector, first, Shipment(2, "7001", "SF2", "44", (("70012", 1),), ("SF1",))) == [
                None,
                None,
            ]
        assert shop.orders["7001"].parcels[1] == ("SF2", "44", lines)


def test_after_a_throttle_the_rest_is_not_tried(connector: Connector, shop: Shop) -> None:
    shop.add("7001")
    shop.add("7002")
    shop.faults = ["throttle"]
    (problem,) = ship(connector, Shipment(1, "7001", "SF1", "44"), Shipment(2, "7002", "SF2", "44"))
    assert isinstance(problem, Throttled)
    assert len(shop.calls) == 1


# ── what only some can do ──


@pytest.mark.parametrize("code", ["tmall", "jd"], indirect=True)
def test_the_platform_groups_orders_by_receiver(connector: Connector, shop: Shop) -> None:
    for number, receiver in (("1", "张**"), ("2", "李**"), ("3", "张**")):
        shop.add(number, receiver=receiver, token=f"oaid-{number}")
    groups = connector.ask_merge([Hidden(number, f"oaid-{number}") for number in "123"])
    assert sorted(groups) == [("1", "3"), ("2",)]


def test_receivers_in_plain(taobao: Connector, shop: Shop) -> None:
    shop.add("1", token="right")
    shop.add("2", token="right")
    found = taobao.decrypt([Hidden("1", "right"), Hidden("2", "wrong")])
    assert set(found) == {"1"}
    assert (found["1"].name, found["1"].street) == ("张三", "漕河泾街道 漕溪北路 88 号")
    assert not found["1"].is_masked


def test_stock_levels_of_an_item_go_together(taobao: Connector, shop: Shop) -> None:
    levels = [StockLevel(n, "item", str(n), n * 10) for n in range(1, 26)] + [StockLevel(99, "plain", "", 7)]
    assert all(outcome.problem is None for outcome in taobao.push_stock(levels))
    assert shop.stock == {f"item/{n}": n * 10 for n in range(1, 26)} | {"plain": 7}
    assert len(shop.calls) == 3


def test_a_refund_is_agreed_to(taobao: Connector, shop: Shop) -> None:
    asked = [RefundState(1, "11", True, "同意"), RefundState(2, "12", False, "已发货")]
    for _twice in range(2):  # what is refused there is not refused again
        assert all(outcome.problem is None for outcome in taobao.push_refund_state(asked))
    assert shop.refunds == {"11": True, "12": False}


def test_a_refund_that_was_decided_there_is_left_alone(taobao: Connector, shop: Shop) -> None:
    shop.refund_states = {"11": "SUCCESS", "12": "CLOSED"}
    said = list(taobao.push_refund_state([RefundState(1, "11", True, ""), RefundState(2, "12", False, "")]))
    assert [outcome.problem for outcome in said] == [None, None]
    said = list(taobao.push_refund_state([RefundState(1, "11", False, ""), RefundState(2, "12", True, "")]))
    assert [outcome.problem.code for outcome in said if outcome.problem] == ["decided_otherwise"] * 2
    assert shop.refunds == {}


@pytest.mark.parametrize("code", ["jd", "pdd", "douyin"], indirect=True)
def test_what_a_platform_cannot_carry_is_refused_in_words(code: str, connector: Connector) -> None:
    (stock,) = connector.push_stock([StockLevel(1, "i", "", 1)])
    (refund,) = connector.push_refund_state([RefundState(1, "r", True, "")])
    assert isinstance(stock.problem, Refused)
    assert isinstance(refund.problem, Refused)
    assert not connector.capabilities.stock
    assert not connector.capabilities.refunds


# ── where it may connect to ──


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://user@example.com/",
        "https://example.com/?a=b",
        "ftp://example.com/",
        "https://:99999999/",
        "file:///etc/passwd",
        "",
    ],
)
def test_an_own_address_is_public_and_https(url: str) -> None:
    with pytest.raises((Refused, Unreachable)):
        own_shop(url)


def test_a_platform_of_the_table_takes_no_other_address() -> None:
    made = registry.connect("tmall", GIVEN, lambda: NOW, own_address="http://127.0.0.1:1/")
    assert made.http.target.host == "eco.taobao.com"  # type: ignore[attr-defined]
    for wrong in ("nobody", "file"):
        with pytest.raises(Refused):
            registry.connect(wrong, GIVEN, lambda: NOW)
    with pytest.raises(Refused):
        registry.connect("tmall", {"app_key": "1"}, lambda: NOW)


def test_a_server_that_cannot_prove_who_it_is_is_not_talked_to(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(datetime(2020, 1, 1)).not_valid_after(datetime(2090, 1, 1))  # noqa: DTZ001
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    pem += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=_shake_hands, args=(listening, context), daemon=True)
        server.start()
        with pytest.raises(Unreachable) as caught:
            connector_at("tmall", f"https://localhost:{listening.getsockname()[1]}/router/rest").check()
        server.join(5)
    assert caught.value.code == "bad_certificate"


def _shake_hands(listening: socket.socket, context: ssl.SSLContext) -> None:
    client, _address = listening.accept()
    with client, contextlib.suppress(OSError):
        context.wrap_socket(client, server_side=True).close()
