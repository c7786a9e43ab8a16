"""Saying stock to platforms: one run of one channel, in batches, the network outside of any transaction.

A number is a level, not a change: said twice it does no harm, so what came of a batch is kept after it, and a run that is killed is said
again.  What goes wrong with one thing waits longer at that thing; what goes wrong with the shop waits at the shop and at nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils.translation import gettext as _

from core import db, live, options
from core.db import Rank
from core.lease import Lease
from core.services import accounts
from core.tenancy import current_tenant, tenant
from orders import options as settings
from orders.connectors.errors import PlatformError, Refused, Throttled
from orders.connectors.interface import Connector, is_shop_wide
from orders.connectors.interface import StockLevel as Said
from orders.errors import NoChannel
from orders.models import ConnectionState, StockOut
from orders.rules.stock_out import spread
from orders.services.connections import TABLE as CONNECTIONS
from orders.services.connections import list_due, open_connector
from orders.services.stock_out import LEVELS, LIVE, OUTS, look_soon, nudge_say
from orders.services.turns import count_failures, quiet, take_turn, wait_s
from orders.sql_stock_out import DUE, KEEP, SAY_DUE

LEASE = Lease(StockOut, key="channel_id")
BATCH = 100  # SKUs a round
ROUNDS = 20  # a run; the rest goes to the end of the queue
NO_ANSWER = "no_answer"
NO_LISTING = "no_listing"


@dataclass(frozen=True, slots=True)
class Taken:
    """A channel under our lease."""

    tenant_id: int
    channel_id: int
    token: int
    platform: str
    credentials: bytes
    address: str


@dataclass(slots=True)
class _Batch:
    """Numbers to say: `units` by row, `said` what the platform is told, `rows` which row each of it belongs to."""

    units: dict[int, int] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)


def run(tenant_id: int, channel_id: int) -> bool:
    """Say what is due at one channel; whether there is more.  Raises nothing of the platform's."""
    taken = _take(tenant_id, channel_id)
    if taken is None:
        return False

    def work() -> bool:
        connector = open_connector(tenant_id, taken.platform, taken.credentials, taken.address)
        if not connector.capabilities.stock:
            _finish(taken, Refused("no_stock", _("这个平台还不能上传库存。")))
            return False
        for _round in range(ROUNDS):
            batch = _look(taken)
            if batch is None or not batch.units:
                _finish(taken, None)
                return False
            problem = _say(taken, connector, batch)
            if problem is not None:
                _finish(taken, problem)
                return False
        _finish(taken, None)
        return True

    return take_turn(work, lambda problem: _finish(taken, problem), name="saying stock", who=_who(taken))


def _who(taken: Taken) -> dict[str, int]:
    return {"tenant_id": taken.tenant_id, "channel_id": taken.channel_id}


def _take(tenant_id: int, channel_id: int) -> Taken | None:
    with tenant(tenant_id):
        found = LEASE.take(
            channel_id,
            source=f"orders_channel h, {CONNECTIONS} c",
            where="t.is_on AND h.tenant_id = t.tenant_id AND h.id = t.channel_id AND h.is_active"
            f" AND c.tenant_id = t.tenant_id AND c.channel_id = t.channel_id AND c.state = {ConnectionState.ACTIVE.value}"
            f" AND t.next_at <= clock_timestamp() AND {quiet('c')}",
            returning="h.platform, c.credentials, c.address",
        )
    if found is None:
        return None
    token, (platform, credentials, address) = found
    return Taken(tenant_id, channel_id, token, platform, bytes(credentials), address)


def _look(taken: Taken) -> _Batch | None:
    """What is due now; None when the lease is not ours any more."""
    with tenant(taken.tenant_id):
        if not _is_ours(taken):
            return None
        batch, homeless = _Batch(), []
        may_overlap = bool(options.get(settings.STOCK_MAY_OVERLAP))
        for id_, units, listings in db.rows(DUE, taken.tenant_id, taken.channel_id, BATCH):
            batch.units[id_] = units
            if not listings:
                homeless.append(id_)
            parts = spread(units, len(listings), may_overlap=may_overlap)
            for (item, variant), part in zip(listings, parts, strict=True):
                key = len(batch.said) + 1
                batch.said.append(Said(key, item, variant, part))
                batch.rows[key] = id_
        if homeless:
            _keep({id_: (batch.units[id_], Refused(NO_LISTING, "")) for id_ in homeless}, taken)
        LEASE.extend(taken.channel_id)
    return batch


def _is_ours(taken: Taken) -> bool:
    return LEASE.hold(taken.channel_id, taken.token, "is_on") == (True,)


def _say(taken: Taken, connector: Connector, batch: _Batch) -> PlatformError | None:
    """Say a batch and keep what came of it; the problem that concerns the whole shop, if there is one.

    A number counts as said when the platform took it at every listing of its SKU.  What the platform did not answer to was not said.
    """
    open_: dict[int, set[int]] = {}
    for key, id_ in batch.rows.items():
        open_.setdefault(id_, set()).add(key)
    came: dict[int, tuple[int, PlatformError | None]] = {}
    whole: PlatformError | None = None
    try:
        for outcome in connector.push_stock(batch.said):
            if outcome.key not in batch.rows:
                continue
            id_ = batch.rows[outcome.key]
            if is_shop_wide(outcome.problem):
                whole = outcome.problem
                break
            open_[id_].discard(outcome.key)
            if outcome.problem is not None:
                came[id_] = batch.units[id_], outcome.problem
            elif not open_[id_] and id_ not in came:
                came[id_] = batch.units[id_], None
    except PlatformError as problem:
        whole = problem
    if whole is None:
        for id_ in open_.keys() - came.keys():
            came[id_] = batch.units[id_], PlatformError(NO_ANSWER, "")
    if came:
        with tenant(taken.tenant_id):
            if _is_ours(taken):
                _keep(came, taken)
    return whole


def _keep(came: Mapping[int, tuple[int, PlatformError | None]], taken: Taken) -> None:
    ids = sorted(came)
    problems = [came[id_][1] for id_ in ids]
    delays = [
        row[0]
        for row in db.rows(
            KEEP,
            db.array(ids),
            db.array([came[id_][0] for id_ in ids]),
            db.array([problem is None for problem in problems]),
            db.array([isinstance(problem, Refused) for problem in problems]),
            db.array([problem.code if problem else "" for problem in problems]),
            db.array([problem.words if problem else "" for problem in problems]),
            taken.tenant_id,
        )
        if row[0] is not None
    ]
    if delays:
        db.execute(
            f"UPDATE {OUTS} SET said_count = said_count + %s, delay_ms_sum = delay_ms_sum + %s,"
            " delay_ms_most = greatest(delay_ms_most, %s) WHERE tenant_id = %s AND channel_id = %s",
            len(delays),
            sum(delays),
            max(delays),
            taken.tenant_id,
            taken.channel_id,
        )
    live.push(taken.tenant_id, LIVE, [])


def _finish(taken: Taken, problem: PlatformError | None) -> None:
    """Give the lease back, and say when to go on: at the earliest number that is due, or when the shop may be talked to again."""
    with tenant(taken.tenant_id):
        found = LEASE.hold(taken.channel_id, taken.token, "failures")
        if found is None:
            return
        failures = count_failures(problem, int(found[0]))
        wait = timedelta(seconds=wait_s(problem, failures, taken.token))
        db.execute(
            f"UPDATE {OUTS} s SET {LEASE.ends}, failures = %s, error_code = %s, error_words = %s,"
            " said_at = CASE WHEN %s THEN clock_timestamp() ELSE said_at END,"
            f" next_at = (SELECT greatest(min(l.due_at), clock_timestamp() + %s) FROM {LEVELS} l"
            " WHERE l.tenant_id = s.tenant_id AND l.channel_id = s.channel_id AND l.due_at IS NOT NULL)"
            " WHERE s.tenant_id = %s AND s.channel_id = %s",
            failures,
            problem.code if problem else "",
            problem.words if problem else "",
            problem is None,
            wait,
            taken.tenant_id,
            taken.channel_id,
        )
        if isinstance(problem, Throttled):  # the platform counts all our calls together
            db.execute(
                f"UPDATE {CONNECTIONS} SET quiet_until = greatest(quiet_until, clock_timestamp() + %s)"
                " WHERE tenant_id = %s AND channel_id = %s",
                wait,
                taken.tenant_id,
                taken.channel_id,
            )
        live.push(taken.tenant_id, LIVE, [])


def say_now(*, channel_id: int, actor_id: int | None) -> int:
    """Compute and say everything of this channel now, whatever came of it before; how many numbers.  Raises NoChannel."""
    lock_out(channel_id)
    done = db.execute(
        f"UPDATE {LEVELS} SET marked_at = coalesce(marked_at, clock_timestamp()), attempts = 0, code = '', words = '', state = 1,"
        " due_at = CASE WHEN units IS NULL THEN NULL ELSE clock_timestamp() END, changed_at = coalesce(changed_at, clock_timestamp()),"
        " said_units = NULL WHERE tenant_id = %s AND channel_id = %s",
        current_tenant(),
        channel_id,
    )
    db.execute(
        f"UPDATE {OUTS} SET next_at = clock_timestamp(), look_at = clock_timestamp(), failures = 0, error_code = '', error_words = ''"
        " WHERE tenant_id = %s AND channel_id = %s",
        current_tenant(),
        channel_id,
    )
    accounts.record("say_stock", "channel", channel_id, actor_id=actor_id, detail={"numbers": done})
    look_soon()
    nudge_say(channel_id)
    return done


def lock_out(channel_id: int) -> int:
    """The channel's row, locked; its id.  Raises NoChannel when it does not say stock."""
    found = db.lock(Rank.JOB, StockOut, "id", "channel_id = %s", channel_id)
    if not found:
        raise NoChannel(_("这个店铺没有开库存上传。"), channel_id=channel_id)
    return int(found[0][0])


def list_say_due(most: int) -> Sequence[tuple[int, int]]:
    """(tenant, channel) with something to say, the longest waiting first."""
    return list_due(SAY_DUE.format(is_free=LEASE.is_free, is_quiet=quiet("c")), most)
