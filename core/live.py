"""Live push: ids and versions only, after the commit.  A lost message costs nothing: pages refetch on connect and every 30 s."""

import json
import logging
from collections.abc import Sequence
from functools import cache

import redis
from django.conf import settings
from django.db import transaction
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.circuit import Circuit

log = logging.getLogger(__name__)
TIMEOUT_S = 2
_redis = Circuit()


@cache
def client() -> "redis.Redis":
    """This process's way to Redis; every wait in it is bounded."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        retry=Retry(NoBackoff(), 0),
    )


def channel_name(tenant_id: int) -> str:
    """The pub/sub channel of one tenant; built on the server from the session's membership, never from a request."""
    return f"live:{int(tenant_id)}"


def push(tenant_id: int, kind: str, ids: Sequence[int], version: int = 0) -> None:
    """Tell open pages that these objects changed.  Inside a transaction it waits for the commit."""
    message = json.dumps({"kind": kind, "ids": list(ids)[:200], "version": version})
    transaction.on_commit(lambda: _publish(tenant_id, message))


def _publish(tenant_id: int, message: str) -> None:
    if _redis.is_open:
        return
    try:
        client().publish(channel_name(tenant_id), message)
    except redis.RedisError as problem:
        _redis.trip()
        log.warning("live push lost", extra={"tenant_id": tenant_id, "problem": str(problem)})
