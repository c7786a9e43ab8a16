"""Reserve in plain SQL over the driver: the same rows, constraints, foreign keys and locks as inventory.services.reserving, nothing else.

The tables are copies of ours, without row-level security.  Written as tightly as one would by hand: one trip locks the anchors and looks,
one trip writes, one commits.  It decides by its own small loop, so that equal end states say something about both sides.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

SCHEMA = "bare_reserve"
TABLES = ("facility", "sku", "bin", "lot", "balance", "hold", "promise", "reservation")
ANCHOR, NEVER = date(1, 1, 1), date.max
BLOCK = 10_000

OPTIONS = "SELECT reloptions FROM pg_class WHERE oid = %s::regclass"
KEYS = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass ORDER BY 1"

LOCK = """
SELECT id FROM inventory_promise WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s) AND min_expires_on = '0001-01-01'
ORDER BY sku_id FOR NO KEY UPDATE;
"""
LOOK = """
SELECT b.sku_id, coalesce(l.expires_on, '9999-12-31'), sum(b.on_hand - b.allocated)::int, true FROM inventory_balance b
JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id AND n.kind IN (0, 1)
JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id AND coalesce(l.expires_on, '9999-12-31') >= %s
WHERE b.tenant_id = %s AND b.facility_id = %s AND b.sku_id = ANY (%s) AND b.on_hand > b.allocated
    AND NOT EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))
GROUP BY 1, 2
UNION ALL
SELECT sku_id, min_expires_on, quantity, false FROM inventory_promise WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s)
    AND (quantity > 0 OR min_expires_on = ANY (%s))
"""
CHANGE = """
UPDATE inventory_promise p SET quantity = p.quantity + u.quantity FROM unnest(%s, %s::date[], %s) u(sku_id, day, quantity)
WHERE p.tenant_id = %s AND p.facility_id = %s AND p.sku_id = u.sku_id AND p.min_expires_on = u.day;
"""
MAKE = """
INSERT INTO inventory_promise (tenant_id, facility_id, id, sku_id, min_expires_on, quantity)
SELECT %s, %s, u.* FROM unnest(%s, %s, %s::date[], %s) u;
"""
RESERVE = """
INSERT INTO inventory_reservation (tenant_id, facility_id, id, owner_ref, line_ref, sku_id, min_expires_on, quantity, priority, ship_by)
SELECT %s, %s, u.* FROM unnest(%s, %s, %s, %s, %s::date[], %s, %s::smallint[], %s::timestamptz[]) u
"""
END_STATE = {
    "promise": "SELECT sku_id, min_expires_on, quantity FROM {}.inventory_promise WHERE tenant_id = %s ORDER BY 1, 2",
    "reservation": "SELECT owner_ref, line_ref, facility_id, sku_id, min_expires_on, quantity, priority, ship_by"
    " FROM {}.inventory_reservation WHERE tenant_id = %s ORDER BY 1, 2, 4",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What one owner wants: (line, SKU, units), a minimum expiry, an instant."""

    owner: int
    lines: tuple[tuple[int, int, int], ...]
    min_expires_on: date
    ship_by: datetime
    priority: int = 0


def prepare(cursor: Any, tenant_id: int) -> None:
    """Fresh tables of the same shape with the tenant's rows, as they are now."""
    cursor.execute(
        f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}; SET search_path = public"
    )
    keys = {}
    for table in TABLES:
        name = f"inventory_{table}"
        cursor.execute(OPTIONS, [name])
        ((options,),) = cursor.fetchall()
        stored = f" WITH ({', '.join(options)})" if options else ""
        cursor.execute(f"CREATE TABLE {SCHEMA}.{name} (LIKE {name} INCLUDING ALL){stored}")
        cursor.execute(
            f"INSERT INTO {SCHEMA}.{name} SELECT * FROM {name} WHERE tenant_id = %s ORDER BY id", [tenant_id]
        )
        cursor.execute(KEYS, [name])
        keys[name] = cursor.fetchall()
    cursor.execute(
        f"CREATE SEQUENCE {SCHEMA}.ids START {2**52} INCREMENT {BLOCK}; SET search_path = {SCHEMA}"
    )
    for name, found in keys.items():
        for key, definition in found:
            if any(f"REFERENCES inventory_{table}(" in definition for table in TABLES):
                cursor.execute(f'ALTER TABLE {name} ADD CONSTRAINT "{key}" {definition}')
    cursor.execute(f"ANALYZE {', '.join(f'inventory_{table}' for table in TABLES if table != 'reservation')}")


def end_state(cursor: Any, schema: str, tenant_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """What must be equal on both sides: everything but the ids of the rows."""
    found = {}
    for table, sql in END_STATE.items():
        cursor.execute(sql.format(schema), [tenant_id])
        found[table] = cursor.fetchall()
    return found


class Bare:
    """One connection at work."""

    def __init__(self, connection: Any, tenant_id: int, facility_id: int, first_sellable: date) -> None:
        self.connection, self.cursor = connection, connection.cursor()
        self.place, self.first_sellable = (tenant_id, facility_id), first_sellable
        self.cursor.execute(f"SET search_path = {SCHEMA}")
        connection.commit()
        self.ids = self._ids()

    def _ids(self) -> Iterator[int]:
        while True:
            self.cursor.execute("SELECT nextval('ids')")
            ((start,),) = self.cursor.fetchall()
            yield from range(start, start + BLOCK)

    def reserve(self, orders: Sequence[Order]) -> list[int]:
        """One transaction; the owners that have their promise."""
        skus = sorted({sku for order in orders for _line, sku, _units in order.lines})
        place = [*self.place, skus]
        days = [ANCHOR, *{order.min_expires_on for order in orders}]
        self.cursor.execute(LOCK + LOOK, [*place, self.first_sellable, *place, *place, days])
        supplies: dict[int, list[tuple[date, int]]] = defaultdict(list)
        promised: dict[int, dict[date, int]] = defaultdict(dict)
        for sku, day, units, is_supply in self.cursor.fetchall():
            if is_supply:
                supplies[sku].append((day, units))
            else:
                promised[sku][day] = units
        if any(ANCHOR not in promised[sku] for sku in skus):
            raise LookupError("an anchor is missing: the tables were not prepared")
        known = {(sku, day) for sku in skus for day in promised[sku]}
        granted, added = [], defaultdict[tuple[int, date], int](int)
        for order in orders:
            if _fits(order, supplies, promised):
                granted.append(order)
                for _line, sku, units in order.lines:
                    day = order.min_expires_on
                    promised[sku][day] = promised[sku].get(day, 0) + units
                    added[sku, day] += units
        if granted:
            self._write(granted, added, known)
        self.connection.commit()
        return [order.owner for order in granted]

    def _write(
        self,
        granted: Sequence[Order],
        added: dict[tuple[int, date], int],
        known: set[tuple[int, date]],
    ) -> None:
        old, new = [k for k in added if k in known], [k for k in added if k not in known]
        sql, params = "", list[Any]()
        if old:
            sql += CHANGE
            params += [[k[0] for k in old], [k[1] for k in old], [added[k] for k in old], *self.place]
        if new:
            sql += MAKE
            ids = [next(self.ids) for _ in new]
            params += [*self.place, ids, [k[0] for k in new], [k[1] for k in new], [added[k] for k in new]]
        rows = [(order, line) for order in granted for line in order.lines]
        params += [
            *self.place,
            [next(self.ids) for _ in rows],
            [order.owner for order, _line in rows],
            *([line[k] for _order, line in rows] for k in (0, 1)),
            [order.min_expires_on for order, _line in rows],
            [line[2] for _order, line in rows],
            [order.priority for order, _line in rows],
            [order.ship_by for order, _line in rows],
        ]
        self.cursor.execute(sql + RESERVE, params)


def _fits(
    order: Order, supplies: dict[int, list[tuple[date, int]]], promised: dict[int, dict[date, int]]
) -> bool:
    """The promise law, word for word: for every d up to the minimum, what is promised for d or later is there."""
    wanted = defaultdict[int, int](int)
    for _line, sku, units in order.lines:
        wanted[sku] += units
    for sku, units in wanted.items():
        for day in {order.min_expires_on, *promised[sku]}:
            if day <= order.min_expires_on:
                there = sum(n for expires_on, n in supplies[sku] if expires_on >= day)
                if there - sum(n for floor, n in promised[sku].items() if floor >= day) < units:
                    return False
    return True
