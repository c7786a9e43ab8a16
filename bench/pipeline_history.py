"""A merchant with a long history next to one without: what an order costs both, in one database, in turn.

The history is made of orders that really went through the pipeline: 10,000 of them, then every row they left behind copied again and
again with other ids, numbers, people and days.  So it has what orders leave behind in life, in the tables as they are today: lines, sealed
channel orders, findings, waves, parcels, lots that are used up, their empty balances, the ledger, facts of the last weeks.
"""

import statistics
import sys
import time
from contextlib import closing
from typing import Any

from bench import rig
from bench.pipeline import Merchant, make_merchant, ours, us_per_order

TEMPLATE = 10_000  # orders that are copied
APART = 1_000_000_000  # between the ids of two copies
FIRST = 1 << 40  # above all ids that the run itself will be given
HOURS = 21  # between two copies: 10,000 orders a day, nearly
SHOWN, MOST_SHOWN = 160, 12
FACT_DAYS = 30  # core.housekeeping

# Table -> columns that name a row of the same copy; `id` always does.
COPIED: dict[str, tuple[str, ...]] = {
    "inventory_lot": (),
    "inventory_balance": ("lot_id",),
    "inventory_receipt": (),
    "inventory_receiptline": ("receipt_id", "lot_id", "balance_id", "move_id"),
    "inventory_move": ("from_balance_id", "to_balance_id", "document_id", "line_id"),
    "orders_order": ("merged_into_id",),
    "orders_orderline": ("order_id", "bundle_group"),
    "orders_channelorder": ("order_id",),
    "orders_finding": ("order_id",),
    "warehouse_wave": (),
    "warehouse_parcel": ("ref", "wave_id"),
    "warehouse_parcelline": ("parcel_id", "ref"),
    "core_auditentry": ("object_id",),
    "core_outbox": (),
    "core_inbox": ("event_id",),
}
# What must differ from copy to copy, besides ids, instants and days.
OTHER = {
    ("inventory_lot", "code"): "code || '-' || %(k)s",
    ("inventory_receipt", "reference"): "reference || '-' || %(k)s",
    ("orders_order", "number"): "number || '-' || %(k)s",
    ("orders_order", "receiver_key"): "receiver_key # (%(k)s::bigint << 32)",
    ("orders_channelorder", "external_number"): "external_number || '-' || %(k)s",
    ("orders_channelorder", "content_hash"): "content_hash # (%(k)s::bigint << 32)",
    ("warehouse_wave", "code"): "left(code, 14) || '-' || %(k)s",
}
WRITE_OFF = """
    WITH gone AS (
        UPDATE inventory_balance b SET on_hand = 0, seq = b.seq + 1 FROM inventory_balance was
        WHERE was.tenant_id = b.tenant_id AND was.id = b.id AND b.tenant_id = %(t)s AND b.on_hand > 0
        RETURNING b.id, b.seq, was.on_hand)
    INSERT INTO inventory_move (tenant_id, id, kind, quantity, from_balance_id, from_seq, from_after, document_id, at)
    SELECT %(t)s, id + %(spare)s, 9, on_hand, id, seq, 0, id, clock_timestamp() FROM gone
"""
# One row for each SKU and day that anybody was ever promised goods for: nobody takes an empty counter away.
COUNTERS = """
    INSERT INTO inventory_promise (tenant_id, id, facility_id, sku_id, min_expires_on, quantity)
    SELECT tenant_id, id + %(first)s + d::bigint * %(apart)s, facility_id, sku_id, min_expires_on - d, 0 FROM inventory_promise,
        generate_series(1, %(days)s) d WHERE tenant_id = %(t)s AND min_expires_on > '0001-01-01' ON CONFLICT DO NOTHING
"""


def against_history(orders: int, chunk: int, runs: int, history: int) -> dict[str, Any]:
    """Both in turn, who is first changing every run; before the history was there, once as well."""
    cold = [ours(orders, chunk) for _ in range(runs)]
    old = make_merchant()
    ours(TEMPLATE, chunk, old)
    start = time.perf_counter()
    shipped = age(old, history)
    print(
        f"{shipped:,} orders of history in {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True
    )
    new: list[dict[str, Any]] = []
    aged: list[dict[str, Any]] = []
    for run in range(runs):
        for is_old in (True, False) if run % 2 else (False, True):
            clear(old)
            into, merchant = (aged, old) if is_old else (new, None)
            into.append(ours(orders, chunk, merchant, f"~{run}"))
            print(f"{'old' if is_old else 'new'}: {seconds(into[-1]):.2f} s", file=sys.stderr, flush=True)
    median = statistics.median
    ratios = [seconds(a) / seconds(n) for a, n in zip(aged, new, strict=True)]
    return {
        "history": shipped,
        "ratio": round(median(map(seconds, aged)) / median(map(seconds, new)), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        "ratio_to_empty_database": round(median(map(seconds, aged)) / median(map(seconds, cold)), 3),
        "orders_per_s": {
            name: [round(orders / seconds(run)) for run in found]
            for name, found in (("empty_database", cold), ("new", new), ("old", aged))
        },
        "statements_per_order": [round(found[-1]["statements"] / orders, 4) for found in (new, aged)],
        "grew": grew(new, aged, orders),
        "us_per_order": {"new": us_per_order(new, orders), "old": us_per_order(aged, orders)},
    }


def grew(new: list[dict[str, Any]], aged: list[dict[str, Any]], orders: int) -> list[dict[str, Any]]:
    """The statements that became slower most, in microseconds an order."""
    found = []
    for sql in {sql for run in aged for sql in run["spent_s"]}:
        before, after = (
            statistics.median(1e6 * run["spent_s"].get(sql, 0.0) / orders for run in runs)
            for runs in (new, aged)
        )
        found.append({"sql": " ".join(sql.split())[:SHOWN], "new": round(before, 1), "old": round(after, 1)})
    return sorted(found, key=lambda one: one["new"] - one["old"])[:MOST_SHOWN]


def seconds(run: dict[str, Any]) -> float:
    return float(sum(run["clock"].alone.values()))


def age(merchant: Merchant, history: int) -> int:
    """Copy what the template left until there are `history` orders; how many there are.  Oldest first, as it would have been written."""
    copies, params = history // TEMPLATE - 1, {"t": merchant.tenant_id, "first": FIRST, "apart": APART}
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        # The copies keep the keys of the rows they are copied from: proved below by counting, not row by row.
        cursor.execute(
            "SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB'"
        )
        _refuse_unknown(cursor, merchant.tenant_id)
        clear(merchant)
        statements = {table: _copy(cursor, table) for table in COPIED}
        for k in range(copies, 0, -1):
            for table, statement in statements.items():
                if table not in ("core_outbox", "core_inbox") or k * HOURS < FACT_DAYS * 24:
                    cursor.execute(statement, params | {"k": k})
        cursor.execute(COUNTERS, params | {"days": copies * HOURS // 24})
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
        cursor.execute("SELECT count(*) FROM orders_order WHERE tenant_id = %(t)s AND status = 4", params)
        return int(cursor.fetchone()[0])


def clear(merchant: Merchant) -> None:
    """What is left of a run is written off, so that every run finds the same."""
    with closing(rig.admin()) as admin, admin.cursor() as cursor:
        cursor.execute(WRITE_OFF, {"t": merchant.tenant_id, "spare": 1 << 50})


def _copy(cursor: Any, table: str) -> str:
    """INSERT … SELECT of one table's rows of the template as copy number k."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
        [table],
    )
    columns = dict(cursor.fetchall())
    picks = [_pick(table, name, kind) for name, kind in columns.items()]
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT {', '.join(picks)} FROM {table} WHERE tenant_id = %(t)s AND id < %(first)s ORDER BY id"


def _pick(table: str, name: str, kind: str) -> str:
    if (table, name) in OTHER:
        return OTHER[table, name]
    if name == "id" or name in COPIED[table]:
        return f"{name} + %(first)s + %(k)s::bigint * %(apart)s"
    if kind.startswith("timestamp"):
        return f"{name} - %(k)s * interval '{HOURS} hours'"
    if kind == "date":
        return f"{name} - %(k)s * {HOURS} / 24"
    return name


def _refuse_unknown(cursor: Any, tenant_id: int) -> None:
    """A table that orders fill and that is not copied would make the history shorter than it is in life."""
    cursor.execute(
        "SELECT relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE relname NOT IN"
        " ('inventory_sku', 'inventory_bin', 'inventory_promise') ORDER BY relname"
    )
    for (table,) in cursor.fetchall():
        cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant_id = %s", [tenant_id])
        (rows,) = cursor.fetchone()
        if rows >= TEMPLATE / 10 and table not in COPIED:
            raise SystemExit(f"{table}: {rows} rows of {TEMPLATE} orders, and the history has none")
