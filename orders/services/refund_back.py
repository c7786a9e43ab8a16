"""Telling platforms what the merchant decided about refunds (退款回传): one row a refund that the platform knows, until it has it.

The facts of refunds make the rows; a run of one connection says what is due, the network outside of any transaction, and keeps what came
of each thing at once.  A platform that cannot be told is not asked: the row says so.  Nothing is paid out from here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import db, live, outbox
from core.db import Rank
from core.tenancy import current_tenant, tenant
from orders.connectors import registry
from orders.connectors.errors import PlatformError, Refused
from orders.connectors.interface import Connector, Outcome, RefundState, is_shop_wide
from orders.errors import NoRefundBack
from orders.models import Connection, ConnectionState, RefundBack, ShipBackState
from orders.services.connections import REFUNDING, TABLE, open_connector
from orders.services.turns import count_failures, quiet, stops, take_turn, wait_s

BATCH = 50  # refunds a round
ROUNDS = 20  # a run; the rest goes to the end of the queue
ROWS = RefundBack._meta.db_table
LIVE = "refund_back"
NOT_CARRIED = "NO_REFUNDS"  # why it is not said: the platform has no call for it
WAITING = ShipBackState.WAITING

# (tenant, refunds): decided refunds of connected channels that the platform asked for: those that a person asked for here have a name of
# ours, and one that stands for an order which the platform closed was decided there
_DECIDED = """
    SELECT r.id, r.channel_id, h.platform, r.state IN (2, 3) FROM orders_refund r
    JOIN orders_channel h ON h.tenant_id = r.tenant_id AND h.id = r.channel_id
    JOIN orders_connection c ON c.tenant_id = r.tenant_id AND c.channel_id = r.channel_id
    WHERE r.tenant_id = %s AND r.id = ANY (%s::bigint[]) AND r.state IN (2, 3, 4) AND r.asked_by IS NULL
        AND NOT r.external_id ^@ 'closed:' ORDER BY r.id
"""

_DUE = f"""
    SELECT b.id, r.external_id, b.is_agreed, r.reason FROM {ROWS} b
    JOIN orders_refund r ON r.tenant_id = b.tenant_id AND r.id = b.refund_id
    WHERE b.tenant_id = %s AND b.channel_id = %s AND b.state = 1 AND b.next_at <= clock_timestamp() ORDER BY b.next_at, b.id LIMIT %s
"""


def on_refunds_decided(payload: Mapping[str, Any]) -> None:
    """A row for each decided refund that its platform knows.  Looks at what is so now; idempotent."""
    tenant_id = current_tenant()
    found = db.rows(_DECIDED, tenant_id, db.array(payload["refund_ids"]))
    if not found:
        return
    can = [registry.can_say_refunds(platform) for _id, _channel, platform, _is_agreed in found]
    db.rows(
        f"INSERT INTO {ROWS} (tenant_id, id, refund_id, channel_id, is_agreed, state, code)"
        " SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::boolean[], %s::smallint[], %s::text[]) u"
        " ON CONFLICT (tenant_id, refund_id) DO NOTHING RETURNING id",
        tenant_id,
        db.array(db.new_ids(len(found))),
        db.array([row[0] for row in found]),
        db.array([row[1] for row in found]),
        db.array([row[3] for row in found]),
        db.array([int(WAITING if is_told else ShipBackState.UNSAID) for is_told in can]),
        db.array(["" if is_told else NOT_CARRIED for is_told in can]),
    )
    _wake(sorted({row[1] for row, is_told in zip(found, can, strict=True) if is_told}))


def _wake(channel_ids: Sequence[int]) -> None:
    tenant_id = current_tenant()
    live.push(tenant_id, LIVE, [])
    if not channel_ids:
        return
    found = db.rows(
        f"UPDATE {TABLE} SET next_refund_at = least(next_refund_at, clock_timestamp()) WHERE tenant_id = %s"
        " AND channel_id = ANY (%s::bigint[]) RETURNING id",
        tenant_id,
        db.array(channel_ids),
    )
    for (connection_id,) in found:
        transaction.on_commit(_nudge(tenant_id, connection_id))


def _nudge(tenant_id: int, connection_id: int) -> Any:
    return lambda: outbox.nudge("orders.tasks.say_refunds", tenant_id, connection_id)


def retry(*, refund_back_ids: Sequence[int]) -> int:
    """Say these again now, whatever came of them; what the platform has, and what it cannot be told, stays.  How many.

    Locks their connections.  Raises NoRefundBack when none is there.
    """
    tenant_id = current_tenant()
    found = db.rows(
        f"SELECT id, channel_id FROM {ROWS} WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        tenant_id,
        db.array(refund_back_ids),
    )
    if not found:
        raise NoRefundBack(_("没有这条回传。"), ids=list(refund_back_ids))
    channels = sorted({row[1] for row in found})
    db.lock(Rank.JOB, Connection, "id", "channel_id = ANY (%s::bigint[])", db.array(channels))
    done = db.execute(
        f"UPDATE {ROWS} SET state = 1, attempts = 0, next_at = clock_timestamp(), code = '', words = ''"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND state <> %s AND code <> %s",
        tenant_id,
        db.array([row[0] for row in found]),
        ShipBackState.SENT.value,
        NOT_CARRIED,
    )
    _wake(channels)
    return done


@dataclass(frozen=True, slots=True)
class Taken:
    """A connection under our lease for refunds."""

    tenant_id: int
    id: int
    token: int
    channel_id: int
    platform: str
    credentials: bytes
    address: str


def run(tenant_id: int, connection_id: int) -> bool:
    """Say what is due at one connection; whether there is more.  Raises nothing of the platform's."""
    taken = _take(tenant_id, connection_id)
    if taken is None:
        return False

    def work() -> bool:
        connector = open_connector(tenant_id, taken.platform, taken.credentials, taken.address)
        for _round in range(ROUNDS):
            due = _look(taken)
            if not due:
                _finish(taken, None)
                return False
            if not _say(taken, connector, due):
                return False
        _finish(taken, None)
        return True

    who = {"tenant_id": tenant_id, "connection_id": connection_id}
    return take_turn(work, lambda problem: _finish(taken, problem), name="saying refunds", who=who)


def _take(tenant_id: int, connection_id: int) -> Taken | None:
    with tenant(tenant_id):
        found = REFUNDING.take(
            connection_id,
            source="orders_channel h",
            where="h.tenant_id = t.tenant_id AND h.id = t.channel_id"
            f" AND t.state = {ConnectionState.ACTIVE.value} AND t.next_refund_at <= clock_timestamp() AND {quiet('t')}",
            returning="t.channel_id, h.platform, t.credentials, t.address",
        )
    if found is None:
        return None
    token, (channel_id, platform, credentials, address) = found
    return Taken(tenant_id, connection_id, token, channel_id, platform, bytes(credentials), address)


def _look(taken: Taken) -> list[RefundState]:
    """What is due, the longest waiting first; nothing when the lease is not ours any more."""
    with tenant(taken.tenant_id):
        if REFUNDING.hold(taken.id, taken.token, "state") != (ConnectionState.ACTIVE,):
            return []
        due = db.rows(_DUE, taken.tenant_id, taken.channel_id, BATCH)
        REFUNDING.extend(taken.id)
    return [RefundState(*row) for row in due]


def _say(taken: Taken, connector: Connector, due: Sequence[RefundState]) -> bool:
    """Whether the shop can still be talked to.  Each outcome is kept before the next thing is said."""
    for outcome in connector.push_refund_state(due):
        _keep(taken, outcome)
        if outcome.problem is not None and is_shop_wide(outcome.problem):
            _finish(taken, outcome.problem)
            return False
    return True


def _keep(taken: Taken, outcome: Outcome) -> None:
    problem, state = outcome.problem, WAITING
    if problem is None:
        state = ShipBackState.SENT
    elif isinstance(problem, Refused):
        state = ShipBackState.REFUSED
    with tenant(taken.tenant_id):
        db.execute(
            f"UPDATE {ROWS} SET state = %s, attempts = attempts + 1, code = %s, words = %s,"
            " said_at = CASE WHEN %s THEN clock_timestamp() END,"
            " next_at = clock_timestamp() + least(2 ^ least(attempts, 12) * 30, 3600) * interval '1 second'"
            " WHERE tenant_id = %s AND id = %s AND state <> %s",
            state.value,
            problem.code if problem else "",
            problem.words if problem else "",
            problem is None,
            taken.tenant_id,
            outcome.key,
            ShipBackState.SENT.value,
        )
        live.push(taken.tenant_id, LIVE, [outcome.key])


def _finish(taken: Taken, problem: PlatformError | None) -> None:
    """Give the lease back, and say when to look again: at the earliest row that waits, or when the shop may be talked to again."""
    with tenant(taken.tenant_id):
        found = REFUNDING.hold(taken.id, taken.token, "refund_failures")
        if found is None:
            return
        failures = count_failures(problem, int(found[0]))
        wait = timedelta(seconds=wait_s(problem, failures, taken.token))
        db.execute(
            f"UPDATE {TABLE} c SET {REFUNDING.ends}, refund_failures = %s, state = CASE WHEN %s THEN %s ELSE state END,"
            " error_code = CASE WHEN %s THEN %s ELSE error_code END, error_words = CASE WHEN %s THEN %s ELSE error_words END,"
            " quiet_until = CASE WHEN %s THEN greatest(quiet_until, clock_timestamp() + %s) ELSE quiet_until END,"
            " next_refund_at = (SELECT CASE WHEN count(*) > 0 THEN greatest(min(b.next_at), clock_timestamp() + %s) END"
            f" FROM {ROWS} b WHERE b.tenant_id = c.tenant_id AND b.channel_id = c.channel_id AND b.state = 1)"
            " WHERE c.tenant_id = %s AND c.id = %s",
            failures,
            stops(problem, failures),
            ConnectionState.REFUSED.value,
            problem is not None,
            problem.code if problem else "",
            problem is not None,
            problem.words if problem else "",
            problem is not None,
            wait,
            wait,
            taken.tenant_id,
            taken.id,
        )
