"""Telling platforms the tracking numbers of what left (发货回传): one row a parcel and channel order, until the platform has it.

The warehouse's fact makes the rows; a run of one connection says what is due.  The network is asked outside of any transaction, and what
came of each thing is kept at once.  An order's parcels are said one after the other: what one of them says decides what is left to say.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import crypto, db, live, outbox
from core.db import Rank
from core.tenancy import current_tenant, tenant
from orders.connectors.errors import PlatformError, Refused
from orders.connectors.interface import Connector, Outcome, Shipment, is_shop_wide
from orders.connectors.reading import Unreadable
from orders.errors import NoShipBack
from orders.models import Connection, ConnectionState, ShipBack, ShipBackState
from orders.rules.ship_back import Box, PlatformLine, Saying, Why, plan
from orders.services.connections import NO_COMPANY, SAYING, TABLE, open_connector
from orders.services.turns import count_failures, quiet, stops, take_turn, wait_s
from orders.sql_ship_back import BOXES, DUE, MAKE, ORDERS, UNITS_LEFT

BATCH = 50  # channel orders a round
ROUNDS = 20  # a run; the rest goes to the end of the queue
NUMBER_TRIES = 8  # a parcel without a tracking number is asked after about four hours for the last time
ROWS = ShipBack._meta.db_table
LIVE = "ship_back"


def on_parcels_shipped(payload: Mapping[str, Any]) -> None:
    """A row for each parcel and each channel order that has goods in it, where the channel is connected.  Idempotent."""
    tenant_id = current_tenant()
    if not Connection.objects.exists():
        return
    made = db.rows(MAKE, tenant_id, db.array(payload["parcel_ids"]))
    if not made:
        return
    db.rows(
        f"INSERT INTO {ROWS} (tenant_id, id, channel_id, channel_order_id, parcel_id, number)"
        " SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) u"
        " ON CONFLICT (tenant_id, channel_order_id, parcel_id) DO NOTHING RETURNING id",
        tenant_id,
        db.array(db.new_ids(len(made))),
        *(db.array([row[i] for row in made]) for i in (0, 1, 2)),
        db.array([row[3] or "" for row in made]),
    )
    _wake(sorted({row[0] for row in made}))


def on_parcels_numbered(payload: Mapping[str, Any]) -> None:
    """Parcels got the number that their platform waits for: said now, also what was given up for want of one.  Idempotent."""
    found = db.rows(
        f"UPDATE {ROWS} SET state = {ShipBackState.WAITING.value}, next_at = clock_timestamp(), code = ''"
        " WHERE tenant_id = %s AND parcel_id = ANY (%s::bigint[]) AND code = %s AND state <> %s RETURNING channel_id",
        current_tenant(),
        db.array(payload["parcel_ids"]),
        Why.NO_NUMBER.value,
        ShipBackState.SENT.value,
    )
    if found:
        _wake(sorted({row[0] for row in found}))


def _wake(channel_ids: Sequence[int]) -> None:
    tenant_id = current_tenant()
    found = db.rows(
        f"UPDATE {TABLE} SET next_say_at = least(next_say_at, clock_timestamp()) WHERE tenant_id = %s"
        " AND channel_id = ANY (%s::bigint[]) RETURNING id",
        tenant_id,
        db.array(channel_ids),
    )
    for (connection_id,) in found:
        transaction.on_commit(_nudge(tenant_id, connection_id))
    live.push(tenant_id, LIVE, [])


def _nudge(tenant_id: int, connection_id: int) -> Any:
    return lambda: outbox.nudge("orders.tasks.say", tenant_id, connection_id)


def retry(*, ship_back_ids: Sequence[int]) -> int:
    """Say these again now, whatever came of them; what the platform has stays.  How many.  Raises NoShipBack when none is there."""
    tenant_id = current_tenant()
    found = db.rows(
        f"SELECT id, channel_id FROM {ROWS} WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        tenant_id,
        db.array(ship_back_ids),
    )
    if not found:
        raise NoShipBack(_("没有这条回传。"), ids=list(ship_back_ids))
    channels = sorted({row[1] for row in found})
    db.lock(Rank.JOB, Connection, "id", "channel_id = ANY (%s::bigint[])", db.array(channels))
    done = db.execute(
        f"UPDATE {ROWS} SET state = %s, attempts = 0, next_at = clock_timestamp(), code = '', words = ''"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND state <> %s",
        ShipBackState.WAITING.value,
        tenant_id,
        db.array([row[0] for row in found]),
        ShipBackState.SENT.value,
    )
    _wake(channels)
    return done


@dataclass(frozen=True, slots=True)
class Taken:
    """A connection under our lease for saying."""

    tenant_id: int
    id: int
    token: int
    channel_id: int
    platform: str
    credentials: bytes
    address: str
    companies: Mapping[str, str]


@dataclass(slots=True)
class _Order:
    """A channel order with parcels to say: what the platform has of it, and what waits."""

    number: str
    raw: bytes
    order_id: int
    said: list[Box] = field(default_factory=list)
    waiting: list[Box] = field(default_factory=list)
    rows: dict[int, tuple[int, str]] = field(default_factory=dict)  # parcel -> row, carrier's code
    apart: int = 0  # parcels that are neither: refused, or to be said later


@dataclass(slots=True)
class _Round:
    """What one look at the tables came to."""

    shipments: list[Shipment] = field(default_factory=list)
    unsaid: list[tuple[int, str, bool]] = field(default_factory=list)  # row, why, whether it may still come
    seen: int = 0


def run(tenant_id: int, connection_id: int) -> bool:
    """Say what is due at one connection; whether there is more.  Raises nothing of the platform's."""
    taken = _take(tenant_id, connection_id)
    if taken is None:
        return False

    def work() -> bool:
        connector = open_connector(tenant_id, taken.platform, taken.credentials, taken.address)
        for _round in range(ROUNDS):
            found = _look(taken, connector)
            if not found.seen:
                _finish(taken, None)
                return False
            if not _say(taken, connector, found.shipments):
                return False
        _finish(taken, None)
        return True

    who = {"tenant_id": tenant_id, "connection_id": connection_id}
    return take_turn(work, lambda problem: _finish(taken, problem), name="saying", who=who)


def _take(tenant_id: int, connection_id: int) -> Taken | None:
    with tenant(tenant_id):
        found = SAYING.take(
            connection_id,
            source="orders_channel h",
            where="h.tenant_id = t.tenant_id AND h.id = t.channel_id"
            f" AND t.state = {ConnectionState.ACTIVE.value} AND t.next_say_at <= clock_timestamp() AND {quiet('t')}",
            returning="t.channel_id, h.platform, t.credentials, t.address, t.companies",
        )
    if found is None:
        return None
    token, (channel_id, platform, credentials, address, companies) = found
    return Taken(
        tenant_id,
        connection_id,
        token,
        channel_id,
        platform,
        bytes(credentials),
        address,
        json.loads(companies) if isinstance(companies, str) else companies,
    )


def _look(taken: Taken, connector: Connector) -> _Round:
    """What is due, decided: the next parcel of each order to say, and what cannot be said.  Locks the connection, then the rows."""
    found = _Round()
    with tenant(taken.tenant_id):
        if SAYING.hold(taken.id, taken.token, "state") != (ConnectionState.ACTIVE,):
            return found
        orders, left = _read(taken.channel_id)
        found.seen = sum(len(order.waiting) for order in orders.values())
        for order in orders.values():
            more_to_come = order.apart > 0 or left.get(order.order_id, 0) > 0
            _decide(found, taken, connector, order, more_to_come=more_to_come)
        _keep_unsaid(found.unsaid)
        SAYING.extend(taken.id)
    return found


def _read(channel_id: int) -> tuple[dict[int, _Order], dict[int, int]]:
    """Channel orders with something due, all their parcels, and the units of their orders that have not left."""
    tenant_id = current_tenant()
    due = [row[0] for row in db.rows(DUE, tenant_id, channel_id, BATCH)]
    if not due:
        return {}, {}
    orders = {
        id_: _Order(number, bytes(raw), order_id)
        for id_, number, raw, order_id in db.rows(ORDERS, tenant_id, db.array(due))
    }
    for co_id, parcel_id, row_id, state, number, carrier, places, is_due in db.rows(
        BOXES, tenant_id, db.array(due)
    ):
        order = orders[co_id]
        units: dict[str, int] = defaultdict(int)
        for place, quantity in places or ():
            units[str(place)] += quantity
        box = Box(parcel_id, number or "", units)
        if state == ShipBackState.SENT:
            order.said.append(box)
        elif is_due:
            order.waiting.append(box)
            order.rows[parcel_id] = (row_id, carrier or "")
        else:
            order.apart += 1
    left = dict(db.rows(UNITS_LEFT, tenant_id, db.array([order.order_id for order in orders.values()])))
    return orders, left


def _decide(found: _Round, taken: Taken, connector: Connector, order: _Order, *, more_to_come: bool) -> None:
    """The first parcel that can be said; what comes behind it is looked at again when its outcome is known."""
    try:
        lines = connector.platform_lines(crypto.unseal(taken.tenant_id, "raw", order.raw))
    except (PlatformError, Unreadable, ValueError):
        lines = ()
    sayings = plan(
        connector.capabilities.carries,
        lines,
        [_named(box, lines) for box in order.said],
        [_named(box, lines) for box in order.waiting],
        more_to_come=more_to_come,
    )
    for box, saying in zip(order.waiting, sayings, strict=True):
        row_id, carrier = order.rows[saying.parcel_id]
        if saying.why is not None:
            found.unsaid.append((row_id, saying.why.value, saying.why == Why.NO_NUMBER))
            continue
        company = taken.companies.get(carrier) or taken.companies.get("", "")
        if not company:
            found.unsaid.append((row_id, NO_COMPANY, False))
            continue
        found.shipments.append(_shipment(order, box, saying, row_id, company))
        return


def _named(box: Box, lines: Sequence[PlatformLine]) -> Box:
    """From the place of a line in the raw order to the platform's name of it; gifts and what else it does not know are left out."""
    named: dict[str, int] = defaultdict(int)
    for place, units in box.units.items():
        if place.isdigit() and 1 <= int(place) <= len(lines):
            named[lines[int(place) - 1].id] += units
    return Box(box.parcel_id, box.number, named)


def _shipment(order: _Order, box: Box, saying: Saying, row_id: int, company: str) -> Shipment:
    others = tuple(other.number for other in order.said if other.number != box.number)
    return Shipment(row_id, order.number, box.number, company, saying.lines, others)


def _keep_unsaid(unsaid: Sequence[tuple[int, str, bool]]) -> None:
    """What cannot be said is shown, not lost; a tracking number may still come, and is asked for again for some hours."""
    if not unsaid:
        return
    db.execute(
        f"UPDATE {ROWS} s SET code = u.code, words = '', attempts = s.attempts + 1,"
        f" state = CASE WHEN u.may_come AND s.attempts + 1 < %s THEN {ShipBackState.WAITING.value} ELSE {ShipBackState.UNSAID.value} END,"
        " next_at = clock_timestamp() + least(2 ^ s.attempts * 60, 7200) * interval '1 second'"
        " FROM unnest(%s::bigint[], %s::text[], %s::boolean[]) u(id, code, may_come) WHERE s.tenant_id = %s AND s.id = u.id",
        NUMBER_TRIES,
        db.array([row[0] for row in unsaid]),
        db.array([row[1] for row in unsaid]),
        db.array([row[2] for row in unsaid]),
        current_tenant(),
    )


def _say(taken: Taken, connector: Connector, shipments: Sequence[Shipment]) -> bool:
    """Whether the shop can still be talked to.  Each outcome is kept before the next thing is said."""
    by_key = {shipment.key: shipment for shipment in shipments}
    for outcome in connector.push_shipments(shipments):
        problem = outcome.problem
        _keep(taken, by_key[outcome.key], outcome)
        if problem is not None and is_shop_wide(problem):
            _finish(taken, problem)
            return False
    return True


def _keep(taken: Taken, shipment: Shipment, outcome: Outcome) -> None:
    problem = outcome.problem
    state = ShipBackState.WAITING
    if problem is None:
        state = ShipBackState.SENT
    elif isinstance(problem, Refused):
        state = ShipBackState.REFUSED
    with tenant(taken.tenant_id):
        db.execute(
            f"UPDATE {ROWS} SET state = %s, number = %s, company = %s, attempts = attempts + 1, code = %s, words = %s,"
            " said_at = CASE WHEN %s THEN clock_timestamp() END,"
            " next_at = clock_timestamp() + least(2 ^ least(attempts, 12) * 30, 3600) * interval '1 second'"
            " WHERE tenant_id = %s AND id = %s AND state <> %s",
            state.value,
            shipment.number,
            shipment.company[:40],
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
        found = SAYING.hold(taken.id, taken.token, "say_failures")
        if found is None:
            return
        say_failures = count_failures(problem, int(found[0]))
        wait = timedelta(seconds=wait_s(problem, say_failures, taken.token))
        db.execute(
            f"UPDATE {TABLE} c SET {SAYING.ends}, say_failures = %s,"
            " state = CASE WHEN %s THEN %s ELSE state END,"
            " error_code = CASE WHEN %s THEN %s ELSE error_code END, error_words = CASE WHEN %s THEN %s ELSE error_words END,"
            " quiet_until = CASE WHEN %s THEN greatest(quiet_until, clock_timestamp() + %s) ELSE quiet_until END,"
            " next_say_at = (SELECT CASE WHEN count(*) > 0 THEN greatest(min(s.next_at), clock_timestamp() + %s) END"
            f" FROM {ROWS} s WHERE s.tenant_id = c.tenant_id AND s.channel_id = c.channel_id AND s.state = 1)"
            " WHERE c.tenant_id = %s AND c.id = %s",
            say_failures,
            stops(problem, say_failures),
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
