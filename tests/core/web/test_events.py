"""The live push: who may listen, what is heard, and that no database connection is held meanwhile."""

import asyncio
import json
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack
from threading import Thread
from typing import Any

import pytest
from django.test import Client, override_settings

from core import live
from core.accounts import Role
from core.services.accounts import join
from core.tenancy import tenant
from core.web import events
from tests.core.web.people import Person

Message = MutableMapping[str, Any]
PATIENCE_S = 30


class Listener:
    """A browser at the other end of the ASGI app."""

    def __init__(self, path: str = "/events/", method: str = "GET", **headers: str) -> None:
        given = {"host": "localhost:8602"} | headers
        raw = [(name.encode(), value.encode()) for name, value in given.items()]
        self.scope = {"type": "http", "path": path, "method": method, "headers": raw}
        self.left = asyncio.Event()
        self.sent: asyncio.Queue[Message] = asyncio.Queue()
        self.task = asyncio.create_task(events.events_app(self.scope, self.receive, self.send))

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        await self.sent.put(message)

    async def start(self) -> tuple[int, dict[str, str]]:
        message = await asyncio.wait_for(self.sent.get(), PATIENCE_S)
        return message["status"], {name.decode(): value.decode() for name, value in message["headers"]}

    async def hear(self) -> str:
        message = await asyncio.wait_for(self.sent.get(), PATIENCE_S)
        return str(message["body"].decode())

    async def leave(self) -> None:
        self.left.set()
        await asyncio.wait_for(self.task, PATIENCE_S)


@pytest.fixture(autouse=True)
def own_hub() -> None:
    events.hub.cache_clear()


def run(test: Callable[[], Any]) -> None:
    """Beside a browser test the worker's own thread has a loop that runs already, so the test gets one of its own.

    The thread is a daemon: a loop that does not end fails this test, and holds up nobody else.
    """
    problems: list[BaseException] = []

    async def inside() -> None:
        await asyncio.wait_for(test(), 60)
        task = events.hub().task
        while (
            task is not None and not task.done()
        ):  # a cancel that meets a time limit inside redis can be lost
            task.cancel()
            await asyncio.wait([task], timeout=0.5)

    def work() -> None:
        try:
            asyncio.run(inside())
        except BaseException as problem:  # noqa: BLE001  raised again in the test's own thread
            problems.append(problem)

    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(90)
    assert not thread.is_alive(), "the loop does not end"
    if problems:
        raise problems[0]


def cookie_of(client: Client) -> str:
    return f"cf_session={client.cookies['cf_session'].value}"


async def status_of(**headers: str) -> tuple[int, dict[str, str]]:
    listener = Listener(**headers)
    answer = await listener.start()
    await listener.leave()
    return answer


def test_health_and_what_is_not_there() -> None:
    async def test() -> None:
        assert (await Listener("/events/health").start())[0] == 200
        assert (await Listener("/elsewhere").start())[0] == 404
        assert (await Listener("/events/", "POST").start())[0] == 405

    run(test)


@pytest.mark.parametrize("cookie", ["", "cf_session=", "cf_session=nonsense", "a=b; ;;=", "cf_session=\x80"])
def test_strangers_hear_nothing(cookie: str) -> None:
    async def test() -> None:
        assert (await status_of(cookie=cookie))[0] == 401

    run(test)


def test_only_pages_of_the_same_host_may_listen() -> None:
    async def test() -> None:
        assert (await status_of(origin="https://evil.example"))[0] == 403
        assert (await status_of(origin="null"))[0] == 403
        assert (await status_of(host="evil.example"))[0] == 403
        status, headers = await status_of(origin="http://localhost:8601")
        assert status == 401
        assert headers["access-control-allow-origin"] == "http://localhost:8601"
        assert headers["access-control-allow-credentials"] == "true"

    run(test)


def test_a_member_hears_of_the_own_company_only(
    member: Callable[[Role], Client], tenant_id: int, other_tenant_id: int
) -> None:
    cookie = cookie_of(member(Role.OPERATOR))

    async def test() -> None:
        listener = Listener(cookie=cookie)
        status, headers = await listener.start()
        assert status == 200
        assert headers["content-type"].startswith("text/event-stream")
        assert await listener.hear() == "retry: 3000\n\n"
        heard = ""
        for _try in range(50):  # until the channel is subscribed
            await asyncio.to_thread(live.push, other_tenant_id, "order", [7], 1)
            await asyncio.to_thread(live.push, tenant_id, "order", [1, 2], 3)
            try:
                heard = await asyncio.wait_for(listener.hear(), 0.3)
                break
            except TimeoutError:
                continue
        event, data = heard.strip().split("\n")
        assert event == "event: change"
        assert json.loads(data.removeprefix("data: ")) == {"kind": "order", "ids": [1, 2], "version": 3}
        await listener.leave()
        assert events.hub().count == 0

    run(test)


def test_somebody_put_out_of_the_company_hears_no_more(
    person: Person, member: Callable[[Role], Client], tenant_id: int
) -> None:
    cookie = cookie_of(member(Role.OPERATOR))
    assert events.tenant_of_cookie(cookie) == tenant_id
    with tenant(tenant_id):
        from core.models import Membership

        Membership.objects.filter(user_id=person.id).update(is_active=False)
    assert events.tenant_of_cookie(cookie) is None


def test_a_tenant_put_into_the_session_by_hand_opens_nothing(
    person: Person, member: Callable[[Role], Client], other_tenant_id: int
) -> None:
    client = member(Role.OPERATOR)
    session = client.session
    session["tenant_id"] = other_tenant_id
    session.save()
    assert events.tenant_of_cookie(cookie_of(client)) is None
    with tenant(other_tenant_id):
        join(user_id=person.id, role=Role.STORE)
    assert events.tenant_of_cookie(cookie_of(client)) == other_tenant_id


def test_a_full_process_says_come_back_later(member: Callable[[Role], Client]) -> None:
    cookie = cookie_of(member(Role.OPERATOR))

    async def test() -> None:
        with override_settings(ERP_EVENTS_MAX=1):
            first = Listener(cookie=cookie)
            assert (await first.start())[0] == 200
            status, headers = await status_of(cookie=cookie)
            assert status == 503
            assert headers["retry-after"] == "30"
            await first.leave()

    run(test)


def test_one_that_lags_is_told_to_fetch_anew() -> None:
    async def test() -> None:
        hub = events.Hub()
        hub.task = asyncio.create_task(asyncio.sleep(60))
        with hub.listen("live:1") as queue:
            for n in range(events.BACKLOG + 5):
                hub.tell("live:1", events.sse("change", str(n)))
            assert queue.qsize() <= 6
            assert b"refetch" in queue.get_nowait()
        assert not hub.listeners
        hub.task.cancel()

    run(test)


def test_one_that_lags_costs_the_others_nothing() -> None:
    async def test() -> None:
        hub = events.Hub()
        hub.task = asyncio.create_task(asyncio.sleep(60))
        with hub.listen("live:1") as slow:
            for n in range(events.BACKLOG):
                hub.tell("live:1", events.sse("change", str(n)))
            with ExitStack() as others:
                quick = [others.enter_context(hub.listen("live:1")) for _n in range(50)]
                hub.tell("live:1", events.sse("change", "news"))
                assert b"refetch" in slow.get_nowait()
                assert all(b"news" in queue.get_nowait() for queue in quick)
        hub.task.cancel()

    run(test)


def test_a_quiet_stream_beats_and_an_old_one_ends(
    member: Callable[[Role], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    monkeypatch.setattr(events, "MAX_AGE_S", 1)
    cookie = cookie_of(member(Role.OPERATOR))

    async def test() -> None:
        listener = Listener(cookie=cookie)
        await listener.start()
        await listener.hear()
        assert await listener.hear() == ": still here\n\n"
        await asyncio.wait_for(listener.task, 30)

    run(test)
