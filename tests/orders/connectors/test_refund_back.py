"""Decisions on refunds on their way to the platform: made from our facts, said once, retried, shown where nothing can be said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from core import options, relay
from core.accounts import Role
from core.models import User
from core.tenancy import tenant
from orders import options as settings_of
from orders.models import ChannelOrder, ConnectionState, RefundBack, RefundState, ShipBackState
from orders.rules.after_sales import Withdrawn
from orders.services import connections, refund_back, refunds
from orders.services.refunds import RefundInput
from orders.tasks import say_refunds
from tests import builders as make
from tests import laws
from tests.api.client import Api
from tests.orders.connectors import dialects
from tests.orders.connectors.platform_server import Shop
from tests.orders.connectors.scene import Scene, make_scene

WAITING, SENT, REFUSED, UNSAID = ShipBackState


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def code(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "tmall"))


@pytest.fixture
def scene(tenant_id: int, shop: Shop, settings: object, code: str) -> Iterator[Scene]:
    settings.ERP_CONNECTOR_LOOPBACK = True  # type: ignore[attr-defined]
    with dialects.platform(shop, code) as url:
        yield make_scene(tenant_id, code, url)


def ask(
    scene: Scene,
    shop: Shop,
    *names: str,
    state: RefundState = RefundState.REQUESTED,
    actor_id: int | None = None,
    units: tuple[Withdrawn, ...] = (),
) -> list[int]:
    """Refunds of 1.00 each of an order that is made there and pulled."""
    if not shop.orders:
        shop.add("7001", ("S", 9, 1_000), modified=datetime.now(UTC) - timedelta(minutes=30))
        scene.pull()
    with tenant(scene.tenant_id):
        order_id = ChannelOrder.objects.get(external_number="7001").order_id or 0
        asked = [RefundInput(order_id, name, 100, units, state=state, reason="不想要") for name in names]
        done = refunds.ask(refunds=asked, actor_id=actor_id)
    return [done.refund_ids[order_id, name] for name in names]


def decide(scene: Scene, what: str, ids: list[int]) -> None:
    with tenant(scene.tenant_id):
        getattr(refunds, what)(refund_ids=ids, actor_id=None)
    for _twice in range(2):  # a fact may come twice
        relay.deliver(scene.tenant_id)


def say(scene: Scene) -> None:
    scene.set("next_refund_at = clock_timestamp(), quiet_until = NULL, refund_lease_until = NULL")
    while refund_back.run(scene.tenant_id, scene.connection_id):
        pass


def hurry(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        RefundBack.objects.filter(state=WAITING).update(next_at=datetime.now(UTC) - timedelta(seconds=1))


def rows(scene: Scene) -> list[tuple[str, bool, int, str]]:
    with tenant(scene.tenant_id):
        found = RefundBack.objects.order_by("refund__external_id")
        return list(found.values_list("refund__external_id", "is_agreed", "state", "code"))


def test_what_was_decided_is_said_once(scene: Scene, shop: Shop) -> None:
    ids = ask(scene, shop, "11", "12", "13")
    assert rows(scene) == [], "nothing is decided"
    decide(scene, "agree", ids[:1])
    decide(scene, "refuse", ids[1:2])
    decide(scene, "finish", ids[2:])
    say(scene)
    assert rows(scene) == [("11", True, SENT, ""), ("12", False, SENT, ""), ("13", True, SENT, "")]
    assert shop.refunds == {"11": True, "12": False, "13": True}
    assert scene.connection().next_refund_at is None
    calls = len(shop.calls)
    decide(scene, "finish", ids[:1])
    say(scene)
    assert len(shop.calls) == calls, "paid back: the platform has had its answer"
    assert [p["message"] for p in shop.named("taobao.rp.refund.review")] == ["不想要"] * 2
    assert laws.broken(scene.tenant_id) == []


def test_what_the_machine_agrees_to_alone_is_said(scene: Scene, shop: Shop) -> None:
    with tenant(scene.tenant_id):
        options.put(settings_of.REFUND_AGREES, True)
    shop.add("7001", ("S", 9, 1_000), modified=datetime.now(UTC) - timedelta(minutes=30))
    scene.pull()
    with tenant(scene.tenant_id):
        order_id = ChannelOrder.objects.get(external_number="7001").order_id or 0
        refunds.ask(refunds=[RefundInput(order_id, "11", 100, is_whole=True)])
    relay.deliver(scene.tenant_id)
    say(scene)
    assert rows(scene) == [("11", True, SENT, "")]


def test_the_platform_is_not_told_what_it_said_itself_or_knows_nothing_of(scene: Scene, shop: Shop) -> None:
    with tenant(scene.tenant_id):
        person = make.make_member(Role.OPERATOR)
    ask(scene, shop, "11", state=RefundState.AGREED)
    (ours,) = ask(scene, shop, "RF-1", actor_id=person)
    decide(scene, "agree", [ours])
    assert rows(scene) == []


def test_an_answer_that_was_lost_is_not_refused_twice(scene: Scene, shop: Shop) -> None:
    (id_,) = ask(scene, shop, "12")
    decide(scene, "refuse", [id_])
    shop.lose_answer_to = "taobao.refund.refuse"
    say(scene)
    assert rows(scene)[0][2] == WAITING
    hurry(scene)
    say(scene)
    assert rows(scene) == [("12", False, SENT, "")]
    assert len(shop.named("taobao.refund.refuse")) == 1


@pytest.mark.parametrize("fault", ["throttle", "die", "half", "not_json", "array", "busy"])
def test_a_sick_platform_is_asked_again_later(scene: Scene, shop: Shop, fault: str) -> None:
    ids = ask(scene, shop, "11", "12")
    decide(scene, "agree", ids)
    shop.faults = [fault]
    say(scene)
    states = {state for _id, _is_agreed, state, _code in rows(scene)}
    assert WAITING in states
    connection = scene.connection()
    assert connection.next_refund_at is not None
    assert connection.refund_token is None
    assert connection.refund_failures == (1 if fault in ("die", "half", "busy") else 0), "a ban is no failure"
    hurry(scene)
    say(scene)
    assert [state for _id, _is_agreed, state, _code in rows(scene)] == [SENT, SENT]
    assert shop.refunds == {"11": True, "12": True}


def test_credentials_that_are_refused_stop_the_connection(scene: Scene, shop: Shop) -> None:
    decide(scene, "agree", ask(scene, shop, "11"))
    shop.is_locked = True
    for _try in range(3):
        hurry(scene)
        say(scene)
    assert scene.connection().state == ConnectionState.REFUSED
    shop.is_locked = False
    with tenant(scene.tenant_id):
        connections.pull_now(connection_id=scene.connection_id, actor_id=None)
    hurry(scene)
    say(scene)
    assert rows(scene)[0][2] == SENT


def test_what_was_decided_otherwise_there_is_shown_and_may_be_said_again(scene: Scene, shop: Shop) -> None:
    decide(scene, "agree", ask(scene, shop, "11"))
    shop.refund_states["11"] = "CLOSED"
    say(scene)
    assert rows(scene) == [("11", True, REFUSED, "decided_otherwise")]
    with tenant(scene.tenant_id):
        name = User.objects.get(id=make.make_member(Role.OPERATOR)).username
        id_ = RefundBack.objects.get().id
    client = Client()
    client.post("/signin/", {"username": name, "password": make.PASSWORD})
    page = client.get("/refund-backs/?state=REFUSED").content.decode()
    assert "平台那边已经另有结果" in page
    del shop.refund_states["11"]
    assert client.post("/refund-backs/retry/", {"ids": str(id_)}).status_code == 302
    say(scene)
    assert rows(scene) == [("11", True, SENT, "")]
    with tenant(scene.tenant_id):
        assert refund_back.retry(refund_back_ids=[id_]) == 0
    assert client.post("/refund-backs/retry/", {"ids": "1"}).status_code == 404


@pytest.mark.parametrize("code", ["jd", "pdd", "douyin"], indirect=True)
def test_a_platform_that_cannot_be_told_is_not_asked(scene: Scene, shop: Shop) -> None:
    decide(scene, "refuse", ask(scene, shop, "11"))
    assert rows(scene) == [("11", False, UNSAID, "NO_REFUNDS")]
    assert scene.connection().next_refund_at is None
    with tenant(scene.tenant_id):
        assert refund_back.retry(refund_back_ids=[RefundBack.objects.get().id]) == 0


def test_a_run_that_is_killed_is_done_again_and_two_never_work_at_once(
    scene: Scene, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(scene, "agree", ask(scene, shop, "11", "12"))
    scene.set("next_refund_at = clock_timestamp(), quiet_until = NULL")
    seen: list[bool] = []

    def second(_shop: Shop, method: str) -> None:
        if method == "taobao.rp.refund.review" and not seen:
            seen.append(refund_back.run(scene.tenant_id, scene.connection_id))

    shop.before = second
    real = refund_back._keep  # killed between the answer and its row

    def dies(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(refund_back, "_keep", dies)
    with pytest.raises(KeyboardInterrupt):
        refund_back.run(scene.tenant_id, scene.connection_id)
    assert seen == [False]
    assert len(shop.named("taobao.rp.refund.review")) == 1
    monkeypatch.setattr(refund_back, "_keep", real)
    assert not refund_back.run(scene.tenant_id, scene.connection_id), "its lease is not over"
    assert rows(scene)[0][2] == WAITING
    scene.set("refund_lease_until = clock_timestamp() - interval '1 second'")
    say_refunds(scene.tenant_id, scene.connection_id)
    assert [state for _id, _is_agreed, state, _code in rows(scene)] == [SENT, SENT]


def test_over_the_api(scene: Scene, shop: Shop) -> None:
    refund_id, _other = ids = ask(scene, shop, "11", "12")
    decide(scene, "agree", ids)
    shop.refund_states["11"] = "CLOSED"
    say(scene)
    with tenant(scene.tenant_id):
        api = Api(make.make_token())
    (row,) = api.get("refund-backs/", state="REFUSED").json()["items"]
    assert (row["refund_id"], row["code"], row["is_agreed"]) == (refund_id, "decided_otherwise", True)
    assert api.post(f"refund-backs/{row['id']}/retry/", {}).json()["state"] == "WAITING"
    (sent,) = api.get("refund-backs/", state="SENT").json()["items"]
    assert api.post(f"refund-backs/{sent['id']}/retry/", {}).status_code == 409
