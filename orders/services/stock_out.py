"""What channels are told of stock (库存上传): computed for all channels and many SKUs at once, the newest number kept, said later.

A fact that moves stock or promises marks its SKUs; the next look computes the marked ones, for all channels that sell them, because their
shares depend on each other.  A look at everything from time to time finds what no fact told of.
Lock: channels' rows by id, then the numbers by id.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connections, transaction

from core import clock, db, live, options, outbox
from core.clockwork import Swept
from core.db import Rank
from core.tenancy import current_tenant, tenant
from inventory.queries.shelf_life import read_shelf_lives
from inventory.queries.stock import list_steps
from inventory.rules.shelf_life import Buyer
from inventory.sellable import minimum_expiry
from orders import options as settings
from orders.models import StockLevel, StockOut
from orders.rules import stock_out as rule
from orders.rules.stock_out import Level, Seller, Strategy
from orders.sql_stock_out import NEXT_LOOKS, OVERSOLD, SKUS_OF, STRATEGIES, WAITING, WRITE

OUTS, LEVELS = StockOut._meta.db_table, StockLevel._meta.db_table
MOST = 2_000  # SKUs a transaction
SWEEP_S = 600  # between two looks at everything
AGAIN_S = 60  # until a look that nobody made is asked for again
RESAY = timedelta(hours=24)  # a number is said anew, whatever we believe the platform has
LIVE = "stock_out"
# Channels that say stock, with what their numbers depend on: (tenant)
_CHANNELS = """
    SELECT h.id, h.facility_id, h.is_routed, h.min_days, h.ship_within_h FROM orders_stockout s
    JOIN orders_channel h ON h.tenant_id = s.tenant_id AND h.id = s.channel_id AND h.is_active
    WHERE s.tenant_id = %s AND s.is_on ORDER BY h.id
"""
_PLANS = """
    SELECT p.facility_id FROM orders_facilityplan p JOIN inventory_facility f ON f.tenant_id = p.tenant_id AND f.id = p.facility_id
    AND f.is_active WHERE p.tenant_id = %s AND p.is_active ORDER BY p.facility_id
"""


@dataclass(frozen=True, slots=True)
class _Channel:
    id: int
    places: tuple[int, ...]
    min_days: int
    leaves_on: date


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    channel_id: int
    sku_id: int
    units: int | None
    was_marked: bool
    said_at: datetime | None


def on_stock_moved(payload: Mapping[str, Any]) -> None:
    """A fact about orders, parcels, lots, bins or papers: the SKUs it speaks of are marked.  Nothing is computed here."""
    if not _is_on():
        return
    found: set[int] = set()
    for key, statement in SKUS_OF.items():
        if key in payload:
            ids = payload[key] if isinstance(payload[key], list) else [payload[key]]
            if ids:
                found.update(row[0] for row in db.rows(statement, current_tenant(), db.array(ids)))
    mark(sku_ids=found)


def on_goods_listed(payload: Mapping[str, Any]) -> None:
    """Channels list these SKUs from now on, or others list them no more: their numbers are computed anew."""
    mark(sku_ids=payload["sku_ids"])


def on_orders_taken(payload: Mapping[str, Any]) -> None:
    """New orders: their SKUs are marked; units that they want beyond what was there are counted against their channel."""
    if not _is_on():
        return
    on_stock_moved({"order_ids": payload["order_ids"]})
    stopped = payload.get("stopped", ())
    beyond = db.rows(OVERSOLD, current_tenant(), db.array(stopped)) if stopped else []
    if not beyond:
        return
    columns = [db.array([row[i] for row in beyond]) for i in range(3)]
    db.execute(
        f"UPDATE {LEVELS} l SET oversold_units = least(l.oversold_units::bigint + u.units, 2147483647)::int"
        " FROM unnest(%s::bigint[], %s::bigint[], %s::int[]) u(channel_id, sku_id, units)"
        " WHERE l.tenant_id = %s AND l.channel_id = u.channel_id AND l.sku_id = u.sku_id",
        *columns,
        current_tenant(),
    )
    db.execute(
        f"UPDATE {OUTS} s SET oversold_units = s.oversold_units + u.units FROM"
        f" (SELECT u.channel_id, sum(u.units)::bigint AS units FROM unnest(%s::bigint[], %s::bigint[], %s::int[])"
        f" u(channel_id, sku_id, units) JOIN {LEVELS} l ON l.tenant_id = %s AND l.channel_id = u.channel_id AND l.sku_id = u.sku_id"
        " GROUP BY 1) u WHERE s.tenant_id = %s AND s.channel_id = u.channel_id",
        *columns,
        current_tenant(),
        current_tenant(),
    )


def _is_on() -> bool:
    return bool(
        db.rows(f"SELECT EXISTS (SELECT FROM {OUTS} WHERE tenant_id = %s AND is_on)", current_tenant())[0][0]
    )


def mark(*, sku_ids: Iterable[int]) -> None:
    """Numbers of these SKUs are not true any more: they are computed when their channels may say something again.  Four statements."""
    wanted = sorted(set(sku_ids))
    if not wanted:
        return
    outs = db.lock(Rank.JOB, StockOut, "id", "is_on")
    levels = db.lock(Rank.EVENT, StockLevel, "id, marked_at", "sku_id = ANY (%s::bigint[])", db.array(wanted))
    if not outs or not levels:
        return
    if new := [id_ for id_, marked_at in levels if marked_at is None]:
        db.execute(
            f"UPDATE {LEVELS} SET marked_at = clock_timestamp() WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(new),
        )
    look_soon()


def look_soon() -> None:
    """Look as soon as a channel may say something again: changes that come until then are said as one."""
    db.execute(
        f"UPDATE {OUTS} SET look_at = least(look_at, greatest(clock_timestamp(),"
        " coalesce(said_at, '-infinity') + every_s * interval '1 second')) WHERE tenant_id = %s AND is_on",
        current_tenant(),
    )


def deadlines() -> list[tuple[int, float]]:
    """(tenant, seconds to its next look).  A plain read as sys."""
    with connections["sys"].cursor() as cursor:
        cursor.execute(NEXT_LOOKS)
        return cursor.fetchall()  # type: ignore[no-any-return]


def advance(tenant_id: int) -> Swept:
    """A look is due: asked of a worker, and of another one when that is lost.  What the clock does with stock."""
    with tenant(tenant_id):
        late = db.rows(
            f"UPDATE {OUTS} s SET look_at = clock_timestamp() + %s * interval '1 second' FROM {OUTS} was"
            " WHERE s.tenant_id = %s AND s.is_on AND s.look_at <= clock_timestamp() AND was.tenant_id = s.tenant_id AND was.id = s.id"
            " RETURNING extract(epoch FROM clock_timestamp() - was.look_at)::float8",
            AGAIN_S,
            tenant_id,
        )
        if late:
            transaction.on_commit(lambda: outbox.nudge("orders.tasks.compute_stock", tenant_id))
    return Swept(len(late), max((row[0] for row in late), default=0.0))


def refresh(tenant_id: int) -> int:
    """Compute what is marked, or everything when that is due, MOST SKUs a transaction; how many numbers are others now.

    Asks for each channel that has something to say.  A constant number of statements a transaction, however many channels and SKUs.
    """
    changed, after, is_sweep = 0, 0, None
    while True:
        with tenant(tenant_id):
            is_sweep = _is_sweep_due() if is_sweep is None else is_sweep
            done, last = _refresh_some(after, is_sweep=is_sweep)
            changed += done
            if last is None:
                _finish(is_sweep=is_sweep)
                return changed
            after = last


def _is_sweep_due() -> bool:
    return bool(
        db.rows(
            f"SELECT EXISTS (SELECT FROM {OUTS} WHERE tenant_id = %s AND is_on AND"
            " (swept_at IS NULL OR swept_at < clock_timestamp() - %s * interval '1 second'))",
            current_tenant(),
            SWEEP_S,
        )[0][0]
    )


def _refresh_some(after: int, *, is_sweep: bool) -> tuple[int, int | None]:
    """How many numbers changed, and the last SKU looked at; None when there are no more."""
    db.lock(Rank.JOB, StockOut, "id", "is_on")
    skus = [
        row[0]
        for row in db.rows(
            f"SELECT DISTINCT sku_id FROM {LEVELS} WHERE tenant_id = %s AND sku_id > %s"
            f"{'' if is_sweep else ' AND marked_at IS NOT NULL'} ORDER BY sku_id LIMIT %s",
            current_tenant(),
            after,
            MOST,
        )
    ]
    if not skus:
        return 0, None
    rows = [
        _Row(*row)
        for row in db.lock(
            Rank.EVENT,
            StockLevel,
            "id, channel_id, sku_id, units, marked_at IS NOT NULL, said_at",
            "sku_id = ANY (%s::bigint[])",
            db.array(skus),
        )
    ]
    channels = _channels()
    now = clock.now()
    found = _compute(channels, [row for row in rows if row.channel_id in channels])
    _write(rows, found, now - RESAY)
    missed: dict[int, int] = defaultdict(int)
    changed = 0
    for row in rows:
        level = found.get(row.id)
        if level is not None and level.units != row.units:
            changed += 1
            missed[row.channel_id] += row.units is not None and not row.was_marked
    _count_missed({channel_id: n for channel_id, n in missed.items() if n})
    return changed, skus[-1] if len(skus) == MOST else None


def _channels() -> dict[int, _Channel]:
    found = db.rows(_CHANNELS, current_tenant())
    plans = tuple(row[0] for row in db.rows(_PLANS, current_tenant())) if any(r[2] for r in found) else ()
    now = clock.now()
    return {
        id_: _Channel(
            id_,
            plans if is_routed and plans else (facility_id,),
            min_days,
            max(clock.today(), clock.day_of(now + timedelta(hours=ship_within_h))),
        )
        for id_, facility_id, is_routed, min_days, ship_within_h in found
    }


def _compute(channels: Mapping[int, _Channel], rows: Sequence[_Row]) -> dict[int, Level]:
    """Number by row: the shelf life each channel wants, what reserve would accept for it, what waits, the strategies; then the rule."""
    skus = sorted({row.sku_id for row in rows})
    if not skus:
        return {}
    lives = read_shelf_lives(skus, channels)
    floors = {
        row.id: minimum_expiry(
            channels[row.channel_id].leaves_on,
            lives.days(row.sku_id, Buyer(row.channel_id, None, channels[row.channel_id].min_days)),
        )
        for row in rows
    }
    days: dict[int, set[date]] = defaultdict(set)
    for row in rows:
        days[row.sku_id].add(floors[row.id])
    places = sorted({place for channel in channels.values() for place in channel.places})
    free = {place: dict(steps) for place, steps in list_steps(places, days).items()}
    waiting: dict[int, dict[int, int]] = defaultdict(dict)
    for facility_id, sku_id, units in db.rows(WAITING, current_tenant(), db.array(skus)):
        waiting[sku_id][facility_id] = units
    strategies = _strategies(channels, skus)
    sellers: dict[int, list[tuple[int, Seller]]] = defaultdict(list)
    for row in rows:
        reservable = {
            place: free[place, row.sku_id][floors[row.id]] for place in channels[row.channel_id].places
        }
        own = strategies.get((row.channel_id, row.sku_id)) or strategies.get((row.channel_id, None))
        sellers[row.sku_id].append((row.id, Seller(row.channel_id, reservable, own or Strategy())))
    may_overlap = bool(options.get(settings.STOCK_MAY_OVERLAP))
    found: dict[int, Level] = {}
    for sku_id, each in sellers.items():
        ids = {seller.channel_id: id_ for id_, seller in each}
        for level in rule.levels([seller for _id, seller in each], waiting[sku_id], may_overlap=may_overlap):
            found[ids[level.channel_id]] = level
    return found


def _strategies(channel_ids: Iterable[int], sku_ids: Iterable[int]) -> dict[tuple[int, int | None], Strategy]:
    found = db.rows(STRATEGIES, current_tenant(), db.array(set(channel_ids)), db.array(set(sku_ids)))
    return {(row[0], row[1]): Strategy(*row[2:]) for row in found}


def _write(rows: Sequence[_Row], found: Mapping[int, Level], said_before: datetime) -> None:
    """Keep the numbers; a row whose channel says nothing is only no longer marked."""
    known = [row for row in rows if row.id in found]
    if known:
        db.execute(
            WRITE,
            db.array([row.id for row in known]),
            db.array([min(found[row.id].units, 2**31 - 1) for row in known]),
            db.array([_parts(found[row.id]) for row in known]),
            db.array([row.said_at is not None and row.said_at < said_before for row in known]),
            current_tenant(),
        )
    if quiet := [row.id for row in rows if row.id not in found]:
        db.execute(
            f"UPDATE {LEVELS} SET marked_at = NULL, due_at = NULL WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(quiet),
        )


def _parts(level: Level) -> str:
    return json.dumps(
        {
            "reservable": level.reservable,
            "waiting": level.waiting,
            "kept_back": level.kept_back,
            "set_aside": level.set_aside,
            "part": [level.part.numerator, level.part.denominator],
            "fixed": level.fixed,
        }
    )


def _count_missed(missed: Mapping[int, int]) -> None:
    if missed:
        db.execute(
            f"UPDATE {OUTS} s SET missed_count = missed_count + u.n FROM unnest(%s::bigint[], %s::int[]) u(channel_id, n)"
            " WHERE s.tenant_id = %s AND s.channel_id = u.channel_id",
            db.array(list(missed)),
            db.array(list(missed.values())),
            current_tenant(),
        )


def _finish(*, is_sweep: bool) -> None:
    """Say when to look at everything again, and let those channels speak that have something to say."""
    tenant_id = current_tenant()
    found = db.rows(
        f"UPDATE {OUTS} s SET swept_at = CASE WHEN %s THEN clock_timestamp() ELSE swept_at END,"
        " look_at = CASE WHEN %s THEN clock_timestamp() ELSE coalesce(swept_at, clock_timestamp()) END + %s * interval '1 second',"
        f" next_at = CASE WHEN d.due_at IS NULL THEN NULL WHEN s.next_at > clock_timestamp() AND s.failures > 0 THEN s.next_at"
        " ELSE greatest(d.due_at, coalesce(s.said_at, '-infinity') + s.every_s * interval '1 second') END"
        f" FROM (SELECT x.id, (SELECT min(l.due_at) FROM {LEVELS} l WHERE l.tenant_id = x.tenant_id AND l.channel_id = x.channel_id"
        f" AND l.due_at IS NOT NULL) AS due_at FROM {OUTS} x WHERE x.tenant_id = %s) d"
        " WHERE s.tenant_id = %s AND s.id = d.id AND s.is_on RETURNING s.channel_id, s.next_at <= clock_timestamp()",
        is_sweep,
        is_sweep,
        SWEEP_S,
        tenant_id,
        tenant_id,
    )
    for channel_id, is_due in found:
        if is_due:
            nudge_say(channel_id)
    live.push(tenant_id, LIVE, [])


def nudge_say(channel_id: int) -> None:
    tenant_id = current_tenant()
    transaction.on_commit(lambda: outbox.nudge("orders.tasks.say_stock", tenant_id, channel_id))
