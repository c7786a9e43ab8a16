"""The same work in plain statements: how fast this PostgreSQL can move these orders at all.

The statements (bare_sql.sql) and the workload are those that every system was compared with; only the driver is ours.  Foreign keys are
enforced, 1,000 orders a commit.  Building the COPY text is not timed.
"""

import re
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from bench import rig
from bench.bare_sql import workload

WAVE = 50
CHUNK = 1_000
SECTIONS = dict(
    re.findall(
        r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)",
        (Path(__file__).parent / "bare_sql.sql").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)
STAGES = {
    "import": [],
    "audit": ["audit"],
    "parcel": ["parcel"],
    "reserve": ["lock", "reserve", "reserved"],
    "wave": ["wave"],
    "ship": ["ship", "shipped_parcels", "shipped_orders"],
}


@dataclass(frozen=True, slots=True)
class Part:
    """One commit: an inclusive range of order ids and their COPY text."""

    lo: int
    hi: int
    orders: str
    lines: str


def parts(n: int) -> list[Part]:
    made, line_id = [], 0
    everything = list(workload.orders(n))
    for start in range(0, n, CHUNK):
        orders, lines = [], []
        for i, (customer, items) in enumerate(everything[start : start + CHUNK], start + 1):
            orders.append(f"{i}\t1\tSO{i:08}\t{customer}\n")
            for sku, quantity in items:
                line_id += 1
                lines.append(f"{line_id}\t1\t{i}\t{sku}\t{quantity}\t10.00\n")
        made.append(Part(start + 1, min(start + CHUNK, n), "".join(orders), "".join(lines)))
    return made


def run(n: int) -> tuple[rig.Clock, dict[str, int]]:
    """Seed, run and check once; the clock and the counts of the end state."""
    work = parts(n)
    quantity = workload.lot_quantity(n)
    connection = rig.admin()
    with connection.cursor() as cursor:
        _prepare(cursor, quantity)
        connection.autocommit = False
        clock = rig.Clock(connection.info.backend_pid)
        for stage, sections in STAGES.items():
            with clock.stage(stage):
                for part in work:
                    _commit(cursor, stage, sections, part)
                    connection.commit()
                if stage in ("import", "parcel", "reserve"):
                    cursor.execute("analyze sales_order, order_line, parcel, allocation")
                    connection.commit()
        cursor.execute(SECTIONS["check"], {"lot_quantity": quantity})
        found = {c.name: int(v) for c, v in zip(cursor.description, cursor.fetchone(), strict=True)}
        connection.commit()
    connection.close()
    assert found["shipped_orders"] == found["shipped_parcels"] == n, found
    assert found["units"] == found["allocated"], found
    assert found["bad_balances"] == found["fefo_violations"] == 0, found
    return clock, found


def _prepare(cursor: Any, quantity: int) -> None:
    for statement in SECTIONS["schema"].split(";"):
        if statement.strip():
            cursor.execute(statement)
    seed = {
        "skus": workload.SKUS,
        "customers": workload.CUSTOMERS,
        "lots": workload.LOTS_PER_SKU,
        "lot_quantity": quantity,
    }
    for statement in SECTIONS["seed"].split(";"):
        if statement.strip():
            cursor.execute(statement, seed)
    cursor.execute(SECTIONS["foreign_keys"])
    # Only the seeded tables: an analysed empty table would make the session cache sequential scans for its foreign-key checks.
    cursor.execute("vacuum analyze sku, customer, lot, balance")
    cursor.execute("checkpoint")


def _commit(cursor: Any, stage: str, sections: list[str], part: Part) -> None:
    if stage == "import":
        cursor.copy_expert(
            "copy sales_order (id, tenant_id, number, customer_id) from stdin", StringIO(part.orders)
        )
        cursor.copy_expert("copy order_line from stdin", StringIO(part.lines))
    for section in sections:
        cursor.execute(SECTIONS[section], {"lo": part.lo, "hi": part.hi, "wave": WAVE})
