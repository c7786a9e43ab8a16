"""Live push as server-sent events: a plain ASGI app for the process of its own that `erp.asgi` starts.

Session cookie → person → membership of the session's tenant → the tenant's Redis channel.  The database is
asked once, on connect, and
its connection is closed before the stream begins.  Messages carry ids and versions; a page fetches through
its own scope.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.db import connections
from django.http.request import split_domain_port, validate_host
from redis.exceptions import RedisError

from core.live import channel_name
from core.services.accounts import list_memberships

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

HEARTBEAT_S = 15
RETRY_MS = 3000
MAX_AGE_S = (
    900  # then the page connects again and is checked again: a signed-out person hears nothing for longer
)
BACKLOG = 100  # messages that a slow reader may be behind; past that it is told to refetch
RECONNECT_S = 1.0


class Hub:
    """One Redis connection a process; every open stream has a queue.  Channels are subscribed while
    somebody listens.
    """

    def __init__(self) -> None:
        self.listeners: dict[str, set[asyncio.Queue[bytes]]] = {}
        self.task: asyncio.Task[None] | None = None
        self.wake = asyncio.Event()
        self.count = 0

    @contextlib.contextmanager
    def listen(self, channel: str) -> Iterator[asyncio.Queue[bytes]]:
        """A queue of ready-made events of one channel, for the length of the block."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self.listeners.setdefault(channel, set()).add(queue)
        self.count += 1
        self.wake.set()
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.run())
        try:
            yield queue
        finally:
            self.count -= 1
            self.listeners[channel].discard(queue)
            if not self.listeners[channel]:
                del self.listeners[channel]
            self.wake.set()

    def tell(self, channel: str, event: bytes) -> None:
        """Hand an event to every stream of the channel; one that lags gets a refetch instead of what it
        missed.
        """
        for queue in self.listeners.get(channel, ()):
            is_behind = queue.full()
            while is_behind and not queue.empty():
                queue.get_nowait()
            queue.put_nowait(sse("refetch", "{}") if is_behind else event)

    async def run(self) -> None:
        """Reads Redis as long as the process lives; after a break everybody refetches, since messages may
        be lost.
        """
        is_first = True
        while True:
            try:
                async with (
                    redis.asyncio.from_url(settings.REDIS_URL, socket_connect_timeout=2) as client,
                    client.pubsub() as bus,
                ):
                    if not is_first:
                        for channel in list(self.listeners):
                            self.tell(channel, sse("refetch", "{}"))
                    is_first = False
                    await self.pump(bus)
            except (RedisError, OSError) as problem:
                is_first = False
                log.warning("live push waits for redis", extra={"problem": str(problem)})
                await asyncio.sleep(RECONNECT_S)

    async def pump(self, bus: redis.asyncio.client.PubSub) -> None:
        """Follows the set of wanted channels and passes messages on."""
        subscribed: set[str] = set()
        while True:
            self.wake.clear()
            wanted = set(self.listeners)
            if new := wanted - subscribed:
                await bus.subscribe(*new)
            if old := subscribed - wanted:
                await bus.unsubscribe(*old)
            subscribed = wanted
            if not subscribed:
                await self.wake.wait()
                continue
            message = await bus.get_message(ignore_subscribe_messages=True, timeout=0.25)
            if message and message["type"] == "message":
                self.tell(message["channel"].decode(), sse("change", message["data"].decode()))


def sse(event: str, data: str) -> bytes:
    """One event as it goes over the wire; data has no line breaks, being JSON of ours."""
    return f"event: {event}\ndata: {data}\n\n".encode()


@cache
def hub() -> Hub:
    """The hub of this process; made on first use, inside the running loop."""
    return Hub()


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def allowed_origin(headers: dict[str, str]) -> str | None:
    """The origin that may read: the same host name on any port.  "" when the browser names none, None when
    it is another host's.
    """
    host = split_domain_port(headers.get("host", ""))[0]
    hosts = settings.ALLOWED_HOSTS or (["localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else [])
    if not host or not validate_host(host, hosts):
        return None
    origin = headers.get("origin", "")
    if not origin:
        return ""
    name = urlsplit(origin).hostname
    return origin if name and name.lower() == host.strip("[]") else None


def tenant_of_cookie(cookie: str) -> int | None:
    """The tenant whose changes the holder of this cookie may hear of; None for strangers.  Closes its
    database connections.
    """
    try:
        jar = SimpleCookie(cookie)
    except CookieError:
        return None
    morsel = jar.get(settings.SESSION_COOKIE_NAME)
    if morsel is None:
        return None
    try:
        session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
        user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
        tenant_id = session.get("tenant_id")
        if not user.is_authenticated or tenant_id is None:
            return None
        mine = {card.tenant_id for card in list_memberships(int(user.pk))}
        return int(tenant_id) if tenant_id in mine else None
    finally:
        connections.close_all()


async def events_app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: GET /events/ streams, GET /events/health answers; anything else is not here."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    if scope["path"] == "/events/health":
        await _answer(send, 200, b"ok")
    elif scope["path"] != "/events/":
        await _answer(send, 404, b"")
    elif scope["method"] != "GET":
        await _answer(send, 405, b"", [(b"allow", b"GET")])
    else:
        await _events(scope, receive, send)


async def _events(scope: Scope, receive: Receive, send: Send) -> None:
    headers = _headers(scope)
    origin = allowed_origin(headers)
    if origin is None:
        await _answer(send, 403, b"")
        return
    cors = [(b"vary", b"Origin")]
    if origin:
        cors += [
            (b"access-control-allow-origin", origin.encode()),
            (b"access-control-allow-credentials", b"true"),
        ]
    here = hub()
    if here.count >= getattr(settings, "ERP_EVENTS_MAX", 1000):
        await _answer(send, 503, b"", [*cors, (b"retry-after", b"30")])
        return
    tenant_id = await sync_to_async(tenant_of_cookie, thread_sensitive=False)(headers.get("cookie", ""))
    if tenant_id is None:
        await _answer(send, 401, b"", cors)
        return
    plain = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    with here.listen(channel_name(tenant_id)) as queue:
        await send({"type": "http.response.start", "status": 200, "headers": plain + cors})
        await _stream(queue, receive, send)


async def _stream(queue: "asyncio.Queue[bytes]", receive: Receive, send: Send) -> None:
    """Writes events until the reader leaves or the stream is old; a comment every 15 s keeps proxies from
    closing it.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + MAX_AGE_S
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await send(
            {"type": "http.response.body", "body": f"retry: {RETRY_MS}\n\n".encode(), "more_body": True}
        )
        while not gone.done() and loop.time() < ends:
            got = asyncio.ensure_future(queue.get())
            await asyncio.wait({got, gone}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if not got.done():
                got.cancel()
            body = got.result() if got.done() and not got.cancelled() else b": still here\n\n"
            if not gone.done():
                await send({"type": "http.response.body", "body": body, "more_body": True})
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except OSError:
        return  # the reader went away between two writes
    finally:
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(
    send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    plain = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": plain + (headers or [])})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
