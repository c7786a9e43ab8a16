"""Pulling orders from a platform: one run of one connection.

The network is asked outside of any transaction.  Each page of orders is stored in one transaction with the cursor that it allows, under
the connection's row and only by the holder of its lease; a run that is killed is repeated from the cursor, and orders that are known
change nothing.  What goes wrong is kept at this connection: it waits longer each time, and nobody else does.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError

from core import crypto, db, live
from core.tenancy import current_tenant, tenant
from orders.connectors.errors import PlatformError, Refused
from orders.connectors.interface import Connector, Page, Unread, Window
from orders.models import ConnectionState, PullProblem
from orders.rules.incoming import IncomingOrder
from orders.services import pipeline
from orders.services.connections import LIVE, PULLING, TABLE, open_connector
from orders.services.pipeline import GuessedWrong
from orders.services.turns import LeaseLost, count_failures, quiet, stops, take_turn, wait_s

log = logging.getLogger(__name__)
BUDGET_S = 45.0  # of one run; what is left goes to the end of the queue
RAW = "raw"


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

    def work() -> bool:
        connector = open_connector(tenant_id, taken.platform, taken.credentials, taken.address)
        _learn_name(taken, connector)
        for page in connector.pull(taken.cursor, Window(taken.now, taken.first)):
            store(taken, page)
            if time.monotonic() > until:
                _finish(taken, is_done=False)
                return True
        _finish(taken, is_done=True)
        return False

    return take_turn(work, lambda problem: fail(taken, problem), name="pull", who=_who(taken))


def _who(taken: Taken) -> dict[str, int]:
    return {"tenant_id": taken.tenant_id, "connection_id": taken.id}


def _take(tenant_id: int, connection_id: int) -> Taken | None:
    with tenant(tenant_id):
        found = PULLING.take(
            connection_id,
            also="tried_at = clock_timestamp()",
            source="orders_channel h",
            where="h.tenant_id = t.tenant_id AND h.id = t.channel_id AND h.is_active"
            f" AND t.state = {ConnectionState.ACTIVE.value} AND t.next_pull_at <= clock_timestamp() AND {quiet('t')}",
            returning="t.channel_id, h.platform, t.credentials, t.address, t.cursor, t.shop_name, clock_timestamp(), t.pull_from",
        )
    if found is None:
        return None
    token, (channel_id, platform, credentials, *rest) = found
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
        PULLING.extend(
            taken.id,
            "cursor = coalesce(%s, cursor), orders_new = orders_new + %s",
            page.cursor,
            created,
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
    if PULLING.hold(taken.id, taken.token, "state") != (ConnectionState.ACTIVE,):
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
            f"UPDATE {TABLE} SET {PULLING.ends}, failures = 0, error_code = '', error_words = '',"
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
    extra = _who(taken) | {"kind": type(problem).__name__, "code": problem.code}
    log.warning("platform did not serve", extra=extra)
    with tenant(taken.tenant_id):
        found = PULLING.hold(taken.id, taken.token, "failures")
        if found is None:
            return
        failures = count_failures(problem, int(found[0]))
        wait = timedelta(seconds=wait_s(problem, failures, taken.token))
        db.execute(
            f"UPDATE {TABLE} SET {PULLING.ends}, failures = %s, error_code = %s, error_words = %s,"
            " state = CASE WHEN %s THEN %s ELSE state END, quiet_until = clock_timestamp() + %s, next_pull_at = clock_timestamp() + %s"
            " WHERE tenant_id = %s AND id = %s",
            failures,
            problem.code,
            problem.words,
            stops(problem, failures),
            ConnectionState.REFUSED.value,
            wait,
            wait,
            taken.tenant_id,
            taken.id,
        )
        live.push(taken.tenant_id, LIVE, [taken.id])
