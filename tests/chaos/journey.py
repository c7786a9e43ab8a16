"""An order file's way to the dock as two jobs, in a process that is killed again and again; and what came of it."""

import random
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from core import db, jobs, live, outbox, relay
from core.errors import Conflict
from core.job_wishes import Wish
from core.models.jobs import UNFINISHED
from core.services.jobs import control
from core.tenancy import tenant
from inventory.services.catalogue import save_skus
from orders.demo import export
from orders.demo.goods import APPLIANCES
from orders.services import fulfil, import_run, imports
from tests import builders as make
from tests.races.rig import PATIENCE_S, context

STEP = 20  # orders and parcels a transaction
LEASE_S = 0.3
DAY = datetime(2026, 11, 1)  # noqa: DTZ001  as a file writes it: the shop's local time
FAR = date(2099, 1, 1)
SCARCE = 12  # units of a few goods, so that some orders are short


@dataclass(frozen=True)
class Journey:
    """A tenant with the file registered and both jobs queued; the second is run when the first is done."""

    tenant_id: int
    import_id: int
    job_ids: tuple[int, int]


def prepare(tenant_id: int, path: Path, orders: int) -> Journey:
    """Goods in two lots each, a channel, the file of `orders` orders, the jobs."""
    if not path.exists():
        export.write(path, orders, DAY)
    with tenant(tenant_id):
        facility = make.make_facility()
        bins = make.make_bins(facility, 4)
        skus = save_skus([good.sku for good in APPLIANCES])
        for place, sku in enumerate(skus.values()):
            units = SCARCE if place % 4 == 3 else orders * 10
            for lot in ("A", "B"):
                make.make_stock(bins[place % 4], sku, units, lot=f"{lot}{place}", expires_on=FAR)
        channel = make.make_channel(facility)
    import_id = imports.register(tenant_id=tenant_id, channel_id=channel, path=path)
    importing = imports.start_recognised(tenant_id=tenant_id, import_id=import_id)
    with tenant(tenant_id):
        return Journey(tenant_id, import_id, (importing, fulfil.start(facility_id=facility, actor_id=None)))


def travel(journey: Journey, ready: Callable[[], object]) -> None:
    """Run both jobs to their ends, waiting for a lease that a killed one left behind."""
    with (
        mock.patch.object(import_run, "CHUNK_ORDERS", STEP),
        mock.patch.object(fulfil, "PARCELS_A_STEP", STEP),
        mock.patch.object(jobs, "LEASE_S", LEASE_S),
        mock.patch.object(outbox, "nudge", lambda *_asked: None),
        mock.patch.object(live, "push", lambda *_told: None),
    ):
        db.rows("SELECT 1")
        ready()
        for job_id in journey.job_ids:
            while not is_finished(journey.tenant_id, job_id):
                if not jobs.run(journey.tenant_id, job_id):
                    time.sleep(0.05)
        relay.deliver(journey.tenant_id)


def is_finished(tenant_id: int, job_id: int) -> bool:
    with tenant(tenant_id):
        return not db.rows(
            "SELECT 1 FROM core_job WHERE id = %s AND status = ANY (%s)", job_id, list(UNFINISHED)
        )


def _traveller(journey: Journey, pipe: Any) -> None:
    travel(journey, lambda: pipe.send("ready"))


def meddle(journey: Journey, wishes: Sequence[Wish]) -> None:
    """What people press on both jobs; what has ended is left alone."""
    for job_id in journey.job_ids:
        for wish in wishes:
            with suppress(Conflict), tenant(journey.tenant_id):
                control(job_ids=[job_id], wish=wish, actor_id=None)


def travel_calmly(journey: Journey) -> float:
    """Undisturbed; how many seconds it took."""
    began = time.monotonic()
    travel(journey, lambda: None)
    return time.monotonic() - began


def travel_under_fire(
    journey: Journey, *, kills: int, longest_s: float, seed: int, is_meddled: bool = False
) -> int:
    """Start the process and SIGKILL it at a random moment, `kills` times; then let one reach the end.  Kills that met it alive.

    `is_meddled`: somebody pauses the jobs before every kill and lets them go on after it.
    """
    rng, met = random.Random(seed), 0
    for _ in range(kills):
        aim = partial(time.sleep, rng.uniform(0, longest_s))
        code = shoot(journey, aim, is_meddled=is_meddled)
        met += code == -signal.SIGKILL
        if code == 0:
            break
    assert shoot(journey) == 0
    return met


def wait_for_orders(tenant_id: int, least: int) -> None:
    """Until so many orders are in."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with tenant(tenant_id):
            if db.rows("SELECT count(*) >= %s FROM orders_channelorder", least)[0][0]:
                return
        time.sleep(0.002)
    raise TimeoutError(f"{least} orders never came")


def shoot(
    journey: Journey, aim: Callable[[], object] | None = None, *, is_meddled: bool = False
) -> int | None:
    """The exit code of one traveller that is killed when somebody has aimed, or never."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_traveller, args=(journey, theirs), daemon=True)
    process.start()
    assert ours.poll(PATIENCE_S), "the traveller did not start"
    if aim:
        aim()
        if is_meddled:
            meddle(journey, [Wish.PAUSE])
            aim()
        process.kill()
    process.join(PATIENCE_S * 10)
    if is_meddled:
        meddle(journey, [Wish.RESUME])
    return process.exitcode


SUMMARY = {
    "orders": """
        SELECT o.number, o.status, o.amount_minor, o.receiver_mask, o.remark, o.ship_by,
            (SELECT array_agg(concat_ws(' ', s.code, l.external_code, l.quantity, l.unit_price_minor, l.source_row) ORDER BY l.source_row)
             FROM orders_orderline l LEFT JOIN inventory_sku s ON s.id = l.sku_id WHERE l.order_id = o.id),
            (SELECT array_agg(f.code || f.stops ORDER BY f.code) FROM orders_finding f WHERE f.order_id = o.id)
        FROM orders_order o ORDER BY o.number""",
    "parcels": """
        SELECT o.number, p.status, p.units, p.weight_g, p.reason, p.carton_no, p.carton_of,
            (SELECT array_agg(s.code || ' ' || l.quantity ORDER BY s.code) FROM warehouse_parcelline l
             JOIN inventory_sku s ON s.id = l.sku_id WHERE l.parcel_id = p.id) AS lines
        FROM warehouse_parcel p JOIN orders_order o ON o.id = p.ref ORDER BY 1, 8, 2, 3, 4, 5, 6""",
    "stock": """
        SELECT l.code, n.kind, sum(b.on_hand), sum(b.allocated) FROM inventory_balance b JOIN inventory_lot l ON l.id = b.lot_id
        JOIN inventory_bin n ON n.id = b.bin_id GROUP BY 1, 2 ORDER BY 1, 2""",
    "ledger": """
        SELECT l.code, m.kind, sum(m.quantity) FROM inventory_move m
        JOIN inventory_balance b ON b.id = coalesce(m.from_balance_id, m.to_balance_id) JOIN inventory_lot l ON l.id = b.lot_id
        GROUP BY 1, 2 ORDER BY 1, 2""",
    "channel orders": "SELECT external_number, state, version FROM orders_channelorder ORDER BY 1",
    "problems": 'SELECT row_number, "column", value, code, units, stops FROM orders_importproblem ORDER BY 1',
    "import": "SELECT rows_total, input_units, counts - 'mark' - 'source' FROM orders_import",
    "jobs": "SELECT kind, status, rows_total, rows_done, rows_failed, error FROM core_job ORDER BY 1",
    "fulfilled": "SELECT result FROM core_job WHERE kind = 'orders.fulfil'",
    "facts": """
        SELECT topic, sum(CASE topic WHEN 'OrdersTaken' THEN jsonb_array_length(payload->'order_ids')
            WHEN 'ParcelsShipped' THEN jsonb_array_length(payload->'parcel_ids') ELSE 1 END)::int
        FROM core_outbox WHERE topic IN ('OrdersTaken', 'ParcelsShipped', 'PromisesBroken', 'GoodsReceived') GROUP BY 1 ORDER BY 1""",
    "undelivered": "SELECT count(*) FROM core_outbox WHERE done_at IS NULL",
}


def summary(tenant_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """Everything that must not depend on how often the work was interrupted, without ids and instants."""
    with tenant(tenant_id):
        return {name: db.rows(sql) for name, sql in SUMMARY.items()}
