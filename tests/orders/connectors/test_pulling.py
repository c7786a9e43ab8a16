"""A connection at work: pulled, killed, throttled, refused; and its credentials, which nobody sees again."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from core import crypto, db
from core.accounts import Role
from core.models import AuditEntry, User
from core.tenancy import tenant
from orders.models import ChannelOrder, Connection, ConnectionState, Order, PullProblem
from orders.services import connections, pulling
from orders.services.connections import ConnectionInput
from tests import builders as make
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import SECRET, SESSION, Shop
from tests.orders.connectors.scene import CREDENTIALS, Scene, make_scene


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def scene(tenant_id: int, shop: Shop, settings: object) -> Iterator[Scene]:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with dialects.platform(shop, "tmall") as url:
        yield make_scene(tenant_id, "tmall", url)


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def numbers(scene: Scene) -> set[str]:
    with tenant(scene.tenant_id):
        return set(ChannelOrder.objects.values_list("external_number", flat=True))


def test_orders_are_pulled_and_carried_as_far_as_a_machine_can(scene: Scene, shop: Shop) -> None:
    for n in range(45):
        shop.add(f"{7_000 + n}", ("S", 1, 1_000), modified=ago(60 + n))
    assert not pulling.run(scene.tenant_id, scene.connection_id)
    assert numbers(scene) == set(shop.orders)
    row = scene.connection()
    assert (row.failures, row.error_code, row.orders_new, row.shop_name) == (0, "", 45, "旗舰店")
    assert row.lease_token is None
    assert row.next_pull_at > datetime.now(UTC) + timedelta(seconds=60)
    with tenant(scene.tenant_id):
        assert Order.objects.count() == 45


def test_a_second_pull_changes_nothing_and_a_change_comes_in_as_a_version(scene: Scene, shop: Shop) -> None:
    shop.add("7001", ("S", 1, 1_000), modified=ago(60))
    scene.pull()
    scene.pull()
    shop.orders["7001"].status, shop.orders["7001"].modified = "shipped", ago(0)
    scene.pull()
    with tenant(scene.tenant_id):
        assert list(ChannelOrder.objects.values_list("version", "state")) == [(2, 2)]
        assert Order.objects.count() == 1


class Killed(BaseException):
    """As a process that is gone: nothing of ours catches it."""


@pytest.mark.parametrize("after", [1, 2])
def test_killed_between_pages_it_goes_on_and_nothing_is_twice(
    scene: Scene, shop: Shop, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    for n in range(55):
        shop.add(f"{7_000 + n}", ("S", 1, 1_000), modified=ago(60 + n))
    left, real = [after], pulling.store

    def store(taken: pulling.Taken, page: object) -> None:
        if not left[0]:
            raise Killed
        left[0] -= 1
        real(taken, page)  # type: ignore[arg-type]

    monkeypatch.setattr(pulling, "store", store)
    with pytest.raises(Killed):
        pulling.run(scene.tenant_id, scene.connection_id)
    assert 0 < len(numbers(scene)) < 55
    read_before = len(shop.named("taobao.trade.fullinfo.get"))
    monkeypatch.setattr(pulling, "store", real)
    assert not pulling.run(scene.tenant_id, scene.connection_id)  # the dead one's lease still stands
    assert len(numbers(scene)) < 55
    scene.set("lease_until = clock_timestamp() - interval '1 second'")
    pulling.run(scene.tenant_id, scene.connection_id)
    assert numbers(scene) == set(shop.orders)
    with tenant(scene.tenant_id):
        assert Order.objects.count() == 55
    assert len(shop.named("taobao.trade.fullinfo.get")) - read_before <= 55 - 20 * (after - 1)


def test_two_runs_at_once_are_one(scene: Scene, shop: Shop) -> None:
    shop.add("7001", modified=ago(60))
    seen: list[bool] = []

    def meanwhile(shop: Shop, method: str) -> None:
        if method == "taobao.trade.fullinfo.get" and not seen:
            seen.append(True)
            scene.set("lease_token = lease_token + 1")  # another took it over: this one's was too old

    shop.before = meanwhile
    pulling.run(scene.tenant_id, scene.connection_id)
    assert numbers(scene) == set()
    assert scene.connection().lease_token is not None


def test_what_is_left_when_the_time_is_up_goes_to_the_end_of_the_queue(scene: Scene, shop: Shop) -> None:
    for n in range(45):
        shop.add(f"{7_000 + n}", ("S", 1, 1_000), modified=ago(60 + n))
    runs = 0
    while pulling.run(scene.tenant_id, scene.connection_id, budget_s=0):
        runs += 1
        assert runs < 20
    assert runs >= 3
    assert numbers(scene) == set(shop.orders)
    assert len(shop.named("taobao.trade.fullinfo.get")) <= 45


@pytest.mark.parametrize(
    ("fault", "code"),
    [("die", "broken_off"), ("busy", "http_502"), ("not_json", "no_json"), ("redirect", "http_302")],
)
def test_a_sick_platform_is_left_alone_longer_each_time(
    scene: Scene, shop: Shop, fault: str, code: str
) -> None:
    waits = []
    for failures in (1, 2, 3, 4):
        shop.faults = [fault]
        scene.pull()
        row = scene.connection()
        assert (row.failures, row.error_code, row.state) == (failures, code, ConnectionState.ACTIVE)
        waits.append((row.next_pull_at - datetime.now(UTC)).total_seconds())
    assert waits[0] < waits[2]
    assert waits[1] < waits[3]
    asked = len(shop.calls)
    assert not pulling.run(scene.tenant_id, scene.connection_id)  # its turn has not come
    assert len(shop.calls) == asked
    shop.add("7001", modified=ago(30))
    scene.pull()
    assert (scene.connection().failures, numbers(scene)) == (0, {"7001"})


def test_throttled_waits_as_long_as_it_is_told_and_is_no_failure(scene: Scene, shop: Shop) -> None:
    shop.add("7001", modified=ago(60))
    shop.faults = ["", "", "throttle"]
    scene.pull()
    row = scene.connection()
    assert (row.failures, row.error_code) == (0, "accesscontrol.limited-by-app-access-count")
    assert 3 < (row.next_pull_at - datetime.now(UTC)).total_seconds() < 8
    assert not connections_due(scene)
    scene.pull()
    assert numbers(scene) == {"7001"}


def connections_due(scene: Scene) -> bool:
    due = connections.list_due(connections.PULL_DUE, 10_000)
    return (scene.tenant_id, scene.connection_id) in due


def test_refused_credentials_stop_it_after_three_tries_and_new_ones_start_it(
    scene: Scene, shop: Shop
) -> None:
    shop.is_locked = True
    for state in (ConnectionState.ACTIVE, ConnectionState.ACTIVE, ConnectionState.REFUSED):
        scene.pull()
        assert scene.connection().state == state
    assert not connections_due(scene)
    shop.is_locked = False
    with tenant(scene.tenant_id):
        given = ConnectionInput(scene.channel_id, {"session": SESSION}, address=scene.address)
        connections.save(connection=given, actor_id=None)
    assert scene.connection().state == ConnectionState.ACTIVE
    assert connections_due(scene)


def test_saving_the_form_again_keeps_the_cursor_and_another_beginning_starts_over(
    scene: Scene, shop: Shop
) -> None:
    shop.add("7001", modified=ago(60))
    scene.pull()
    row = scene.connection()
    with tenant(scene.tenant_id):
        name = User.objects.get(id=make.make_member(Role.OWNER)).username
    client = Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    address = f"/channels/{scene.channel_id}/connection/"
    shown = row.pull_from.astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%dT%H:%M")
    form = {"pull_every_s": "300", "pull_from": shown, "companies": "SF=505\n44"}
    assert client.post(address, form).status_code == 302
    kept = scene.connection()
    assert (kept.cursor, kept.pull_every_s, kept.companies) == (row.cursor, 300, {"SF": "505", "": "44"})
    assert bytes(kept.credentials) == bytes(row.credentials)
    assert client.post(address, form | {"pull_from": "2026-01-01T00:00"}).status_code == 302
    assert scene.connection().cursor == ""
    assert client.post(address, form | {"pull_every_s": "1"}).status_code == 422
    assert client.post(f"{address}pause/").status_code == 302
    assert scene.connection().state == ConnectionState.PAUSED
    assert client.post(f"{address}pull/").status_code == 302
    assert scene.connection().state == ConnectionState.ACTIVE


def test_one_sick_shop_harms_no_other(scene: Scene, shop: Shop) -> None:
    well = Shop()
    well.add("8001", modified=ago(60))
    with dialects.platform(well, "jd") as url:
        other = make_scene(scene.tenant_id, "jd", url, facility_id=scene.facility_id)
        shop.faults = ["die"] * 50
        scene.pull()
        other.pull()
    assert numbers(scene) == {"8001"}
    assert (scene.connection().failures, other.connection().failures) == (1, 0)


def test_an_order_that_cannot_be_read_is_kept_and_cleared_when_it_can(scene: Scene, shop: Shop) -> None:
    shop.add("7001", modified=ago(60))
    shop.add("7002", modified=ago(61), broken=True)
    scene.pull()
    assert numbers(scene) == {"7001"}
    with tenant(scene.tenant_id):
        problem = PullProblem.objects.get()
        assert (problem.external_number, problem.words, problem.cleared_at) == ("7002", "status", None)
        assert '"tid_str":"7002"' in crypto.unseal(scene.tenant_id, "raw", bytes(problem.raw))
    shop.orders["7002"].broken, shop.orders["7002"].modified = False, ago(0)
    scene.pull()
    with tenant(scene.tenant_id):
        assert PullProblem.objects.get().cleared_at is not None
    assert numbers(scene) == {"7001", "7002"}


def test_nobody_else_sees_the_connection(scene: Scene, other_tenant_id: int) -> None:
    assert not pulling.run(other_tenant_id, scene.connection_id)
    with tenant(other_tenant_id):
        assert Connection.objects.count() == 0


# ── credentials ──


def test_credentials_are_sealed_and_only_their_end_is_shown(scene: Scene) -> None:
    row = scene.connection()
    assert SECRET.encode() not in bytes(row.credentials)
    assert json.loads(crypto.unseal(scene.tenant_id, "connection", bytes(row.credentials))) == CREDENTIALS
    assert row.hints == {name: value[-4:] for name, value in CREDENTIALS.items()}
    with tenant(scene.tenant_id):
        trail = json.dumps(list(AuditEntry.objects.values_list("detail", flat=True)))
        assert SECRET not in trail
        assert SESSION not in trail
        (everything,) = db.rows("SELECT string_agg(c::text, ' ') FROM orders_connection c")[0]
    assert SECRET not in everything
    assert SESSION not in everything


def test_no_page_no_answer_and_no_log_has_a_credential(
    scene: Scene, shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    shop.add("7001", modified=ago(60))
    for fault in ("", "die", "throttle", "not_json", "busy", "forbidden"):
        shop.faults = [fault]
        scene.pull()
    with tenant(scene.tenant_id):
        name = User.objects.get(id=make.make_member(Role.OPERATOR)).username
        token = make.make_token()
    client = Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    seen = [
        client.get(f"/channels/{scene.channel_id}/connection/").content.decode(),
        client.get("/channels/").content.decode(),
        client.post(
            f"/channels/{scene.channel_id}/connection/",
            {"secret": SECRET, "session": SESSION, "pull_every_s": "1"},
        ).content.decode(),
    ]
    key = {"Authorization": f"Bearer {token}"}
    seen += [
        Client().get(f"/api/v1/connections/{scene.connection_id}/", headers=key).content.decode(),
        Client().get("/api/v1/connections/", headers=key).content.decode(),
    ]
    captured = capsys.readouterr()
    logged = [record.getMessage() + str(record.__dict__) for record in caplog.records]
    for text in (*seen, *logged, captured.out, captured.err):
        assert SECRET not in text
        assert SESSION not in text
    assert seen[0].count(SECRET[-4:]) == 1
