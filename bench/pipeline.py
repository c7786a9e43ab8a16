"""The order pipeline next to bare SQL, in one run on one server.

script/bench pipeline --orders 10000                      the ratio to bare SQL, with rules of every kind switched on
script/bench pipeline --orders 10000 --plain              the same for a merchant who has none
script/bench pipeline --orders 10000 --history 1000000    a merchant with so many shipped orders next to a new one
script/bench pipeline --orders 10000 --workers 2          two worker processes next to one, with a merchant each, then with one

Ours: from parsed orders in memory to shipped, through the real services and tables (row-level security, sealed raw payloads, findings,
ledger, outbox, handlers).  3 % of the orders carry a remark, stop, and are released as a person would; 5 % of the SKUs are bulky.
Last line: one JSON object.
"""

import argparse
import gc
import json
import random
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import django

django.setup()

from django.db import connection, connections

from bench import features, rig
from bench.bare_sql import run as bare_sql
from bench.bare_sql import workload
from core import db, relay
from core.services.tenants import create_tenant
from core.tenancy import tenant
from erp.celery import calm_collector
from inventory.models import BinKind
from inventory.services.catalogue import BinInput, SkuInput, create_bins, create_facility, save_skus
from inventory.services.receiving import ReceiptInput, receive
from orders.rules.incoming import IncomingLine, IncomingOrder, Receiver
from orders.services import desk, pipeline
from orders.services.channels import ChannelInput, create_channel
from warehouse.services import floor, waves

PAID_AT = datetime(2026, 11, 11, tzinfo=UTC)


class Statements:
    """Counts the statements that the services send (BEGIN and COMMIT apart), and the seconds that each kind of them took."""

    def __init__(self) -> None:
        self.count = 0
        self.spent_s: dict[str, float] = {}

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent = time.perf_counter() - start
            self.spent_s[sql] = self.spent_s.get(sql, 0.0) + spent


@dataclass(frozen=True, slots=True)
class Merchant:
    """A tenant with a warehouse, three channels and 200 SKUs; a bin for each of their lots."""

    tenant_id: int
    facility_id: int
    channels: list[int]
    skus: dict[str, int]
    bins: list[int]


def make_merchant(*, is_plain: bool = True) -> Merchant:
    """Not plain: with rules of every kind (bench.features)."""
    tenant_id = create_tenant(name="Bench", slug=f"bench-{random.SystemRandom().randrange(10**12)}")
    with tenant(tenant_id):
        facility_id = create_facility(code="WH", name="Bench")
        bins = create_bins(
            facility_id,
            [BinInput(f"B{i:04}", sequence=i) for i in range(workload.SKUS * workload.LOTS_PER_SKU)],
        )
        create_bins(facility_id, [BinInput(f"T{i:03}", BinKind.TOTE, i) for i in range(100)])
        skus = save_skus(
            [
                SkuInput(
                    f"SKU{i}",
                    f"SKU{i}",
                    100 + 37 * (i % 40),
                    (100, 100, 100),
                    2 if i % 20 == 7 else 0 if i % 20 == 9 else 1,
                )
                for i in range(workload.SKUS)
            ]
        )
        channels = [
            create_channel(ChannelInput(f"C{i}", f"C{i}", facility_id, min_days=30 * i)) for i in range(3)
        ]
    if not is_plain:
        features.switch_on(tenant_id, facility_id, skus["SKU0"])
    return Merchant(tenant_id, facility_id, channels, dict(skus), list(bins))


def fill(merchant: Merchant, n: int, tag: str = "") -> None:
    """8 lots of each SKU come in, enough for `n` orders."""
    quantity, today = workload.lot_quantity(n), datetime.now(UTC).date()
    with tenant(merchant.tenant_id):
        receive(
            facility_id=merchant.facility_id,
            reference=f"opening{tag}",
            lines=[
                ReceiptInput(
                    merchant.skus[f"SKU{s}"],
                    f"L{s}-{k}{tag}",
                    merchant.bins[s * workload.LOTS_PER_SKU + k],
                    quantity,
                    today + timedelta(days=400 + 30 * (workload.LOTS_PER_SKU - k) + s % 30),
                )
                for s in range(workload.SKUS)
                for k in range(workload.LOTS_PER_SKU)
            ],
        )
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        cursor.execute(
            "vacuum analyze inventory_sku, inventory_lot, inventory_balance, inventory_bin, inventory_promise"
        )
        cursor.execute("checkpoint")


def incoming(n: int, tag: str = "") -> list[IncomingOrder]:
    """Orders as a connector would hand them over, about 1 kB of raw JSON each.  Another `tag`: other numbers, other people."""
    rng, receivers = random.Random(7), list[Receiver]()
    made = []
    for i, (customer, items) in enumerate(workload.orders(n)):
        if receivers and rng.random() < 0.01:
            receivers.append(rng.choice(receivers))
        else:
            receivers.append(
                Receiver(
                    f"张{customer}",
                    f"138{i:08}",
                    "浙江省",
                    "杭州市",
                    "余杭区",
                    f"文一西路{i}号未来科技城{customer}幢{tag}",
                )
            )
        remark = "请不要放快递柜，谢谢" if rng.random() < 0.03 else ""
        lines = tuple(IncomingLine(f"SKU{sku}", quantity, 1000) for sku, quantity in items)
        amount = sum(line.quantity * line.unit_price_minor for line in lines)
        made.append(
            IncomingOrder(
                f"T{tag}{i:010}",
                PAID_AT,
                amount,
                lines,
                _raw(i, receivers[-1], remark, items, tag),
                receivers[-1],
                remark=remark,
            )
        )
    return made


def _raw(i: int, receiver: Receiver, remark: str, items: list[tuple[int, int]], tag: str) -> str:
    return json.dumps(
        {
            "tid": f"T{tag}{i:010}",
            "status": "WAIT_SELLER_SEND_GOODS",
            "created": "2026-11-11 00:00:01",
            "pay_time": "2026-11-11 00:00:07",
            "buyer_nick": f"买家{i % 200}",
            "receiver_name": receiver.name,
            "receiver_mobile": receiver.phone,
            "receiver_state": receiver.province,
            "receiver_city": receiver.city,
            "receiver_district": receiver.district,
            "receiver_address": receiver.street,
            "buyer_message": remark,
            "payment": f"{sum(10 * q for _, q in items)}.00",
            "post_fee": "0.00",
            "orders": [
                {
                    "oid": f"{i:08}{k}",
                    "outer_sku_id": f"SKU{sku}",
                    "title": f"鲶鱼家用手持无线吸尘器配件滤芯{sku}号 标准装",
                    "num": quantity,
                    "price": "10.00",
                    "payment": f"{10 * quantity}.00",
                    "refund_status": "NO_REFUND",
                    "sku_properties_name": "颜色分类:珍珠白;套餐类型:官方标配",
                }
                for k, (sku, quantity) in enumerate(items)
            ],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def ours(n: int, chunk: int, merchant: Merchant | None = None, tag: str = "") -> dict[str, Any]:
    """Run and check once, in a new merchant when none is given."""
    connections["default"].close()
    merchant = merchant or make_merchant()
    fill(merchant, n, tag)
    before = count(merchant.tenant_id, tag)
    orders = incoming(n, tag)
    statements = Statements()
    clock = rig.Clock(db.rows("SELECT pg_backend_pid()")[0][0], is_overlapped=True)
    gc.collect()
    calm_collector()  # as a worker does; what the benchmark holds in memory is not the worker's
    with connection.execute_wrapper(statements):
        work(clock, merchant, orders, chunk)
    return {
        "clock": clock,
        "statements": statements.count,
        "spent_s": statements.spent_s,
        "check": check(merchant.tenant_id, n, before, tag),
    }


def work(clock: rig.Clock, merchant: Merchant, orders: list[IncomingOrder], chunk: int) -> None:
    """From parsed orders to shipped."""
    tenant_id, facility_id, channels = merchant.tenant_id, merchant.facility_id, merchant.channels
    with clock.stage("import..parcels"):
        ids: list[int] = []
        for k, start in enumerate(range(0, len(orders), chunk)):
            done = pipeline.push(
                tenant_id=tenant_id, channel_id=channels[k % 3], incoming=orders[start : start + chunk]
            )
            ids += (done.order_ids or {}).values()
        relay.deliver(tenant_id)
    with clock.stage("release stopped"), tenant(tenant_id):
        desk.release(order_ids=ids, actor_id=None)
    while True:
        with clock.stage("wave"), tenant(tenant_id):
            staging = waves.get_bulk_tote(facility_id)
            wave_ids = waves.release(facility_id=facility_id, limit=chunk, bulk_tote=staging).wave_ids
        if not wave_ids:
            break
        with clock.stage("pick"), tenant(tenant_id):
            floor.confirm_picks(wave_ids=wave_ids)
        with clock.stage("ship"), tenant(tenant_id):
            floor.ship(wave_ids=wave_ids)
    with clock.stage("facts"):
        relay.deliver(tenant_id)


CHECK = """
SELECT (SELECT count(*) FROM orders_order WHERE tenant_id = %(t)s AND status = 4) AS shipped_orders,
    (SELECT count(*) FROM orders_channelorder WHERE tenant_id = %(t)s) AS channel_orders,
    (SELECT count(*) FROM warehouse_parcel WHERE tenant_id = %(t)s AND status <> 5) AS parcels,
    (SELECT count(*) FROM warehouse_parcel WHERE tenant_id = %(t)s AND status NOT IN (4, 5)) AS open_parcels,
    (SELECT count(*) FROM orders_order WHERE tenant_id = %(t)s AND merged_into_id IS NOT NULL) AS merged,
    (SELECT sum(quantity) FROM orders_orderline WHERE tenant_id = %(t)s) AS units,
    (SELECT sum(l.quantity) FROM warehouse_parcelline l JOIN warehouse_parcel p ON p.tenant_id = l.tenant_id AND p.id = l.parcel_id
        WHERE l.tenant_id = %(t)s AND p.status <> 5) AS parcel_units,
    (SELECT sum(quantity) FROM inventory_move WHERE tenant_id = %(t)s AND kind = 3) AS shipped_units,
    (SELECT count(*) FROM orders_finding WHERE tenant_id = %(t)s) AS findings,
    (SELECT count(*) FROM core_outbox WHERE tenant_id = %(t)s AND done_at IS NULL) AS undelivered,
    (SELECT coalesce(sum(quantity), 0) FROM inventory_promise WHERE tenant_id = %(t)s) AS promised,
    (SELECT count(*) FROM inventory_reservation WHERE tenant_id = %(t)s)
        + (SELECT count(*) FROM inventory_allocation WHERE tenant_id = %(t)s) AS leftovers,
    (SELECT count(*) FROM inventory_balance b WHERE b.tenant_id = %(t)s AND (b.allocated <> 0 OR b.on_hand <>
        coalesce((SELECT sum(m.quantity) FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.to_balance_id = b.id), 0)
        - coalesce((SELECT sum(m.quantity) FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.from_balance_id = b.id), 0))
    ) AS bad_balances,
    (SELECT count(*) FROM (SELECT b.on_hand, lead(b.on_hand) OVER w AS later, max(b.on_hand) OVER (PARTITION BY b.sku_id) AS whole
        FROM inventory_balance b JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
        JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id AND n.kind = 0
        WHERE b.tenant_id = %(t)s
            AND right(l.code, length(%(tag)s)) = %(tag)s WINDOW w AS (PARTITION BY b.sku_id ORDER BY l.expires_on, b.id)) f
        WHERE on_hand > 0 AND later < whole) AS fefo_violations
"""


def count(tenant_id: int, tag: str) -> dict[str, int]:
    """The state, by independent SQL; first expired first out is looked at among the lots of `tag`."""
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        cursor.execute(CHECK, {"t": tenant_id, "tag": tag})
        return {c.name: int(v or 0) for c, v in zip(cursor.description, cursor.fetchone(), strict=True)}


def check(tenant_id: int, n: int, before: dict[str, int], tag: str = "") -> dict[str, int]:
    """What came to be since `before`."""
    after = count(tenant_id, tag)
    found = {name: value - before[name] for name, value in after.items()}
    found["undelivered"] = after["undelivered"]
    assert found["shipped_orders"] == found["channel_orders"] == n, found
    assert found["units"] == found["parcel_units"] == found["shipped_units"], found
    zero = ("open_parcels", "undelivered", "promised", "leftovers", "bad_balances", "fefo_violations")
    assert not any(found[name] for name in zero), found
    return found


def us_per_order(runs: list[dict[str, Any]], n: int) -> dict[str, int]:
    """The median microseconds of each stage, alone on the cores."""
    return {
        stage: round(1e6 * statistics.median(r["clock"].alone[stage] for r in runs) / n)
        for stage in runs[0]["clock"].alone
    }


def compare(orders: int, chunk: int, runs: int, *, is_plain: bool) -> dict[str, Any]:
    """Ours next to bare SQL; unless plain, of a merchant with rules of every kind."""
    bare, real = [], []
    for _ in range(runs):
        bare.append(bare_sql.run(orders))
        real.append(ours(orders, chunk, make_merchant(is_plain=is_plain)))
    median = statistics.median
    bare_s = median(sum(clock.alone.values()) for clock, _ in bare)
    real_s = median(sum(r["clock"].alone.values()) for r in real)
    bare_wall = median(sum(clock.wall.values()) for clock, _ in bare)
    return {
        "orders_per_s": round(orders / real_s),
        "bare_sql_orders_per_s": round(orders / bare_s),
        "ratio": round(bare_s / real_s, 3),
        "ratio_wall": round(bare_wall / median(sum(r["clock"].wall.values()) for r in real), 3),
        "statements_per_order": round(real[-1]["statements"] / orders, 4),
        "rss_mb": rig.peak_rss_mb(),
        "us_per_order": us_per_order(real, orders),
        "check": real[-1]["check"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--chunk", type=int, default=pipeline.CHUNK)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--history", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="a merchant without rules of his own")
    options = parser.parse_args()
    if options.history:
        from bench.pipeline_history import against_history

        found = against_history(options.orders, options.chunk, options.runs, options.history)
    elif options.workers > 1:
        from bench.pipeline_workers import against_one

        found = against_one(options.orders, options.chunk, options.runs, options.workers)
    else:
        found = compare(options.orders, options.chunk, options.runs, is_plain=options.plain)
    head = {"orders": options.orders, "chunk": options.chunk, "runs": options.runs}
    print(json.dumps(head | found))


if __name__ == "__main__":
    main()
