"""Pulling orders from a platform: one run of one connection.

The network is asked outside of any transaction.  Each page of orders is stored in one transaction with the cursor that it allows, under
the connection's row and only by the holder of its lease; a run that is killed is repeated from the cursor, and orders that are known
change nothing.  What goes wrong is kept at this connection: it waits longer each time, and nobody else does.
"""

import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, connections
from django.utils.translation import gettext as _

from core import crypto, db, live
from core.db import Rank
from core.tenancy import current_tenant, tenant
from orders.connectors.errors import PlatformError, Refused, Throttled, Unauthorized
from orders.connectors.interface import Connector, Page, Unread, Window
from orders.models import Connection, ConnectionState, PullProblem
from orders.rules.backing_off import pause_s
from orders.rules.incoming import IncomingOrder
from orders.services import pipeline
from orders.services.connections import LIVE, TABLE, open_connector
from orders.services.pipeline import GuessedWrong

log = logging.getLogger(__name__)
LEASE_S = 300  # longer than a page of the slowest platform that still answers
BUDGET_S = 45.0  # of one run; what is left goes to the end of the queue
REFUSALS = 3  # of the credentials in a row before a person must look
LONGEST_BAN_S = 3_600.0
RAW = "raw"


class LeaseLost(Exception):
    """Another run has the connection, or a person stopped it: this one ends without a word."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A connection under our lease."""

    tenant_id: int
    id: int
    token: int
    channel_id: int
    platform: str
    credentials: bytes
    address: str
    cursor: str
    shop_name: str
    now: datetime
    first: datetime


def run(tenant_id: int, connection_id: int, *, budget_s: float = BUDGET_S) -> bool:
    """Pull what changed; whether there is more.  Takes the lease, or leaves it to who has it.  Raises nothing of the platform's."""
    taken = _take(tenant_id, connection_id)
    if taken is None:
        return False
    until = time.monotonic() + budget_s
    try:
        connector = open_connector(tenant_id, taken.platform, taken.credentials, taken.address)
        _learn_name(taken, connector)
        for page in connector.pull(taken.cursor, Window(taken.now, taken.first)):
            store(taken, page)
            if time.monotonic() > until:
                _finish(taken, is_done=False)
                return True
        _finish(taken, is_done=True)
    except LeaseLost:
        pass
    except PlatformError as problem:
        fail(taken, problem)
    except (OperationalError, InterfaceError):
        log.exception("pull interrupted", extra=_who(taken))
        connections["default"].close()
    except Exception:
        log.exception("pull failed", extra=_who(taken))
        fail(taken, PlatformError("defect", _("我们这边出错了，已经记下来。")))
    return False


def _who(taken: Taken) -> dict[str, int]:
    return {"tenant_id": taken.tenant_id, "connection_id": taken.id}


def _take(tenant_id: int, connection_id: int) -> Taken | None:
    token = secrets.randbits(62)
    with tenant(tenant_id):
        found = db.rows(
            f"UPDATE {TABLE} c SET lease_token = %s, lease_until = clock_timestamp() + %s * interval '1 second',"
            " tried_at = clock_timestamp() FROM orders_channel h WHERE c.tenant_id = %s AND c.id = %s AND h.tenant_id = c.tenant_id"
            " AND h.id = c.channel_id AND h.is_active AND c.state = %s AND c.next_pull_at <= clock_timestamp()"
            " AND (c.lease_until IS NULL OR c.lease_until < clock_timestamp())"
            " AND (c.quiet_until IS NULL OR c.quiet_until < clock_timestamp())"
            " RETURNING c.channel_id, h.platform, c.credentials, c.address, c.cursor, c.shop_name, clock_timestamp(), c.pull_from",
            token,
            LEASE_S,
            tenant_id,
            connection_id,
            ConnectionState.ACTIVE.value,
        )
    if not found:
        return None
    channel_id, platform, credentials, *rest = found[0]
    return Taken(tenant_id, connection_id, token, channel_id, platform, bytes(credentials), *rest)


def _learn_name(taken: Taken, connector: Connector) -> None:
    """New credentials are proved before anything is pulled, and the page can say whose they are; an app that may not ask for the name may
    still pull.
    """
    if taken.shop_name:
        return
    try:
        name = connector.check() or "-"
    except Refused:
        name = "-"
    with tenant(taken.tenant_id):
        _lock(taken)
        db.execute(
            f"UPDATE {TABLE} SET shop_name = %s WHERE tenant_id = %s AND id = %s",
            name[:60],
            taken.tenant_id,
            taken.id,
        )


def store(taken: Taken, page: Page) -> None:
    """One page in one transaction: its orders through the pipeline, what could not be read, the cursor, a longer lease.

    Locks the connection first.  Raises LeaseLost when it is not ours any more.
    """
    with tenant(taken.tenant_id):
        _lock(taken)
        created, refused = _carry(taken, page.orders)
        _keep_unread(taken.id, [*page.unread, *refused])
        db.execute(
            f"UPDATE {TABLE} SET cursor = coalesce(%s, cursor), orders_new = orders_new + %s,"
            " lease_until = clock_timestamp() + %s * interval '1 second' WHERE tenant_id = %s AND id = %s",
            page.cursor,
            created,
            LEASE_S,
            taken.tenant_id,
            taken.id,
        )


def _carry(taken: Taken, orders: Sequence[IncomingOrder]) -> tuple[int, list[Unread]]:
    """How many were new, and those that no table takes: one of them stops no other."""
    if not orders:
        return 0, []
    created, refused = 0, []
    try:
        created = pipeline.carry(channel_id=taken.channel_id, incoming=orders).created
    except (OperationalError, InterfaceError, GuessedWrong):
        raise
    except Exception:
        log.exception("a page was not stored, trying one by one", extra=_who(taken))
        for order in orders:
            try:
                created += pipeline.carry(channel_id=taken.channel_id, incoming=[order]).created
            except (OperationalError, InterfaceError, GuessedWrong):
                raise
            except Exception as problem:
                log.exception("an order was not stored", extra=_who(taken))
                refused.append(
                    Unread(order.external_number, f"not stored: {type(problem).__name__}", order.raw)
                )
    failed = {one.external_number for one in refused}
    _clear_problems(
        taken.id, [order.external_number for order in orders if order.external_number not in failed]
    )
    return created, refused


def _lock(taken: Taken) -> None:
    found = db.lock(Rank.JOB, Connection, "lease_token, state", "id = %s", taken.id)
    if not found or found[0][0] != taken.token or found[0][1] != ConnectionState.ACTIVE:
        raise LeaseLost(taken.id)


def _keep_unread(connection_id: int, unread: Sequence[Unread]) -> None:
    """One row an order, with what was sent, sealed; seen again, it says the newest."""
    if not unread:
        return
    tenant_id, latest = current_tenant(), {u.external_number[:64]: u for u in unread}
    db.execute(
        f"INSERT INTO {PullProblem._meta.db_table} AS p (tenant_id, id, connection_id, external_number, words, raw)"
        " SELECT %s, u.id, %s, u.number, u.words, decode(u.raw, 'base64')"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) u(id, number, words, raw)"
        " ON CONFLICT (tenant_id, connection_id, external_number) DO UPDATE SET words = excluded.words, raw = excluded.raw,"
        " seen_at = clock_timestamp(), cleared_at = NULL",
        tenant_id,
        connection_id,
        db.array(db.new_ids(len(latest))),
        db.array(list(latest)),
        db.array([u.words[:500] for u in latest.values()]),
        db.array([db.base64(crypto.seal(tenant_id, RAW, u.raw)) for u in latest.values()]),
    )


def _clear_problems(connection_id: int, numbers: Sequence[str]) -> None:
    db.execute(
        f"UPDATE {PullProblem._meta.db_table} SET cleared_at = clock_timestamp() WHERE tenant_id = %s AND connection_id = %s"
        " AND external_number = ANY (%s::text[]) AND cleared_at IS NULL",
        current_tenant(),
        connection_id,
        db.array(numbers),
    )


def _finish(taken: Taken, *, is_done: bool) -> None:
    """Give the lease back; done: the next pull comes after the connection's pause, else at once, behind the others that wait."""
    with tenant(taken.tenant_id):
        db.execute(
            f"UPDATE {TABLE} SET lease_token = NULL, lease_until = NULL, failures = 0, error_code = '', error_words = '',"
            " pulled_at = clock_timestamp(),"
            " next_pull_at = clock_timestamp() + CASE WHEN %s THEN pull_every_s ELSE 0 END * interval '1 second'"
            " WHERE tenant_id = %s AND id = %s AND lease_token = %s",
            is_done,
            taken.tenant_id,
            taken.id,
            taken.token,
        )
        live.push(taken.tenant_id, LIVE, [taken.id])


def fail(taken: Taken, problem: PlatformError) -> None:
    """Keep what went wrong at the connection and leave the shop alone for a while.

    Throttled is no failure and waits as long as the platform says; credentials that are refused REFUSALS times in a row stop the
    connection until a person looks.
    """
    is_ban = isinstance(problem, Throttled)
    extra = _who(taken) | {"kind": type(problem).__name__, "code": problem.code}
    log.warning("platform did not serve", extra=extra)
    with tenant(taken.tenant_id):
        found = db.lock(Rank.JOB, Connection, "failures, lease_token", "id = %s", taken.id)
        if not found or found[0][1] != taken.token:
            return
        failures = int(found[0][0]) + (0 if is_ban else 1)
        wait_s = (
            min(problem.retry_after_s, LONGEST_BAN_S)
            if isinstance(problem, Throttled)
            else pause_s(failures, spread=taken.token % 1_000 / 1_000)
        )
        stops = isinstance(problem, Unauthorized) and failures >= REFUSALS
        db.execute(
            f"UPDATE {TABLE} SET lease_token = NULL, lease_until = NULL, failures = %s, error_code = %s, error_words = %s,"
            " state = CASE WHEN %s THEN %s ELSE state END, quiet_until = clock_timestamp() + %s, next_pull_at = clock_timestamp() + %s"
            " WHERE tenant_id = %s AND id = %s",
            failures,
            problem.code,
            problem.words,
            stops,
            ConnectionState.REFUSED.value,
            timedelta(seconds=wait_s),
            timedelta(seconds=wait_s),
            taken.tenant_id,
            taken.id,
        )
        live.push(taken.tenant_id, LIVE, [taken.id])
