"""Statements of stock that are too long for a line.  Parameters are positional, or by name where it is said."""

from itertools import product

# A balance sells: its bin's kind sells, no open hold covers it, its lot's day allows.  Expects aliases b, n, l.
# Parameter: the first expiry date that is still sellable (inventory.queries.first_sellable).
SELLS = """
    n.kind IN (0, 1) AND coalesce(l.expires_on, '9999-12-31') >= %s
    AND NOT EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))
"""

# A lot's last sellable day has passed.  Expects alias l.  Parameter: as in SELLS.
EXPIRED = "l.expires_on < %s"

# (tenant, today, days, first sellable day): places whose lots passed their last sellable day in the last days, while something is promised
# there
PASSED_PLACES = f"""
    SELECT DISTINCT b.facility_id, b.sku_id FROM inventory_lot l
    JOIN inventory_balance b ON b.tenant_id = l.tenant_id AND b.lot_id = l.id AND b.on_hand > b.allocated
    WHERE l.tenant_id = %s AND l.expires_on >= %s::date - %s AND {EXPIRED}
      AND EXISTS (SELECT FROM inventory_promise p WHERE p.tenant_id = b.tenant_id AND p.facility_id = b.facility_id
                  AND p.sku_id = b.sku_id AND p.quantity > 0)
    ORDER BY 1, 2
"""

_STOCK = """
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
"""

_HELD = """EXISTS (SELECT FROM inventory_hold h WHERE h.tenant_id = b.tenant_id AND h.cleared_at IS NULL
        AND (h.lot_id IS NULL OR h.lot_id = b.lot_id) AND (h.facility_id IS NULL OR h.facility_id = b.facility_id)
        AND (h.bin_id IS NULL OR h.bin_id = b.bin_id))"""

# (tenant, balance_ids, first sellable day) -> balances among them that may not leave, and whether an open hold says so (else their day)
STOPPED_BALANCES = f"""
    SELECT * FROM (SELECT b.id, {_HELD} AS is_held, coalesce(l.expires_on, '9999-12-31') AS expires_on {_STOCK}
        WHERE b.tenant_id = %s AND b.id = ANY (%s::bigint[])) s
    WHERE s.is_held OR s.expires_on < %s
"""

# (tenant, first sellable day) -> facility, SKU, balance: allocated units whose lot passed its last sellable day
AGED_BALANCES = f"""
    SELECT b.facility_id, b.sku_id, b.id {_STOCK}
    WHERE b.tenant_id = %s AND b.allocated > 0 AND l.expires_on < %s ORDER BY 1, 2, 3
"""

# (tenant, lot_ids, first sellable day) -> allocations of these lots that the lot's date does not serve (any more), and the facility
UNFIT = """
    SELECT a.id, a.owner_ref, a.line_ref, a.balance_id, a.quantity, a.min_expires_on, a.priority, a.ship_by, b.facility_id
    FROM inventory_balance b
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_allocation a ON a.tenant_id = b.tenant_id AND a.balance_id = b.id
    WHERE b.tenant_id = %s AND b.lot_id = ANY (%s::bigint[]) AND b.allocated > 0 AND l.expires_on < greatest(a.min_expires_on, %s)
"""

# (tenant, anchor date, ids, facility_ids, sku_ids): lock the anchors of these pairs in this order, and make those that are missing, in one
# walk: a new row is waited for in its place, like a lock.  An anchor that is there is locked and not written (WHERE false).
LOCK_ANCHORS = """
    INSERT INTO inventory_promise AS p (tenant_id, min_expires_on, quantity, id, facility_id, sku_id)
    SELECT %s, %s, 0, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) u(id, facility_id, sku_id)
    ORDER BY u.facility_id, u.sku_id
    ON CONFLICT (tenant_id, facility_id, sku_id, min_expires_on) DO UPDATE SET quantity = p.quantity WHERE false
    RETURNING 1
"""

# (tenant, facility, sku_ids, tenant, tenant, tenant, facility, tenant, facility, sku_ids, days, tenant) -> parts of inventory.sellable, and
# the tenant's day and settings.  No join: see there.  Counters that are back at nothing lie there for ever: only those of `days` come.
STANDING = """
    WITH here AS MATERIALIZED (
        SELECT id, sku_id, lot_id, bin_id, on_hand - allocated AS units FROM inventory_balance
        WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s::bigint[]) AND on_hand > 0 AND on_hand > allocated)
    SELECT 'balance', id, sku_id, lot_id, bin_id, units, NULL::date, NULL::date, NULL FROM here
    UNION ALL SELECT 'bin', id, kind, sequence, NULL, NULL, NULL, NULL, NULL FROM inventory_bin
    WHERE tenant_id = %s AND id = ANY (ARRAY(SELECT DISTINCT bin_id FROM here))
    UNION ALL SELECT 'lot', id, NULL, NULL, NULL, NULL, expires_on, received_on, NULL FROM inventory_lot
    WHERE tenant_id = %s AND id = ANY (ARRAY(SELECT DISTINCT lot_id FROM here))
    UNION ALL SELECT 'hold', NULL, lot_id, bin_id, NULL, NULL, NULL, NULL, NULL FROM inventory_hold
    WHERE tenant_id = %s AND cleared_at IS NULL AND (facility_id IS NULL OR facility_id = %s)
    UNION ALL SELECT 'counter', sku_id, NULL, NULL, NULL, quantity, min_expires_on, NULL, NULL FROM inventory_promise
    WHERE tenant_id = %s AND facility_id = %s AND sku_id = ANY (%s::bigint[]) AND (quantity > 0 OR min_expires_on = ANY (%s::date[]))
    UNION ALL SELECT 'day', NULL, NULL, NULL, NULL, NULL, (clock_timestamp() AT TIME ZONE t.timezone)::date, NULL,
        (SELECT json_object_agg(o.name, o.value) FROM core_optionvalue o WHERE o.tenant_id = t.id)::text
    FROM core_tenant t WHERE t.id = %s
"""

# reserve: counters that are there, counters that are not, and the rows they count, in one trip.
# (tenant, facility, sku_ids, days, units, tenant, facility, ids, sku_ids, days, units,
#  tenant, facility, ids, owners, lines, sku_ids, days, units, priorities, instants)
WRITE_PROMISES = """
    WITH changed AS (
        UPDATE inventory_promise p SET quantity = p.quantity + u.quantity
        FROM (SELECT %s::bigint AS tenant_id, %s::bigint AS facility_id, a.*
              FROM unnest(%s::bigint[], %s::date[], %s::int[]) a(sku_id, min_expires_on, quantity)) u
        WHERE p.tenant_id = u.tenant_id AND p.facility_id = u.facility_id AND p.sku_id = u.sku_id AND p.min_expires_on = u.min_expires_on),
    made AS (
        INSERT INTO inventory_promise (tenant_id, facility_id, id, sku_id, min_expires_on, quantity)
        SELECT %s, %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::int[]) u RETURNING 1)
    INSERT INTO inventory_reservation
        (tenant_id, facility_id, id, owner_ref, line_ref, sku_id, min_expires_on, quantity, priority, ship_by)
    SELECT %s, %s, u.* FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::date[], %s::int[], %s::smallint[],
        %s::timestamptz[]) u RETURNING 1
"""

# ship: one ledger row an allocation, numbered under the lock of its balance.  (kind, actor, tenant, owner_refs)
SHIP_MOVES = """
    INSERT INTO inventory_move (tenant_id, id, kind, quantity, from_balance_id, from_seq, from_after, document_id, line_id, actor_id)
    SELECT a.tenant_id, a.id, %s, a.quantity, a.balance_id, b.seq + row_number() OVER w, b.on_hand - sum(a.quantity) OVER w,
           a.owner_ref, a.line_ref, %s
    FROM inventory_allocation a JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE a.tenant_id = %s AND a.owner_ref = ANY (%s::bigint[])
    WINDOW w AS (PARTITION BY a.balance_id ORDER BY a.id)
    RETURNING 1
"""

# Pages.


# Which group of inventory.queries.StockRow a balance is in.  Expired goes before held: clearing the hold would not bring those units
# back.  Parameters: first sellable day, twice.
_GROUP = f"""CASE WHEN {SELLS} THEN 'sells' WHEN n.kind NOT IN (0, 1) THEN 'elsewhere'
                WHEN coalesce(l.expires_on, '9999-12-31') < %s THEN 'expired' ELSE 'held' END"""

# SUPPLIES for several facilities: (tenant, facility_ids, sku_ids, first sellable day) -> facility, sku, expiry, units
SUPPLIES_OF_MANY = f"""
    SELECT b.facility_id, b.sku_id, coalesce(l.expires_on, '9999-12-31'), sum(b.on_hand - b.allocated)::bigint {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) AND b.on_hand > 0
    AND b.on_hand > b.allocated AND {SELLS} GROUP BY 1, 2, 3
"""

# (first sellable day, first sellable day, tenant, facility_ids, sku): the last move of a balance is found by the number the balance carries
BALANCES_OF_SKU = f"""
    SELECT b.id, b.facility_id, n.code, n.kind, b.lot_id, l.code, l.expires_on, l.produced_on, l.received_on,
           b.on_hand, b.allocated,
           {_GROUP} AS stock_group, {_HELD} AS is_held,
           coalesce((SELECT m.to_after FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.to_balance_id = b.id
                     AND m.to_seq = b.seq),
                    (SELECT m.from_after FROM inventory_move m WHERE m.tenant_id = b.tenant_id AND m.from_balance_id = b.id
                     AND m.from_seq = b.seq), 0) {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s AND b.on_hand > 0
    ORDER BY coalesce(l.expires_on, '9999-12-31'), l.code, b.facility_id, n.sequence, n.code
"""

# Parameters: tenant, balance.
ONE_BALANCE = """
    SELECT b.id, b.facility_id, f.name, n.code, n.kind, b.sku_id, s.code, s.name, s.unit, b.lot_id, l.code, l.expires_on, b.on_hand,
           b.allocated, b.seq
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    JOIN inventory_facility f ON f.tenant_id = b.tenant_id AND f.id = b.facility_id
    WHERE b.tenant_id = %s AND b.id = %s
"""

_OUT = "m.tenant_id, m.id, m.from_balance_id, m.from_seq, -m.quantity, m.from_after"
_IN = "m.tenant_id, m.id, m.to_balance_id, m.to_seq, m.quantity, m.to_after"
_WHY = "m.kind, m.document_id, m.actor_id, m.reason, m.at"
_SIDES = "m(tenant_id, id, balance_id, seq, change, after, kind, document_id, actor_id, reason, at)"
_NAMED = """
    SELECT m.id, m.balance_id, m.seq, m.change, m.after, m.kind, m.document_id, r.reference, u.name, m.reason, m.at, l.code, n.code FROM m
    JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.balance_id
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    LEFT JOIN inventory_receipt r ON r.tenant_id = m.tenant_id AND r.id = m.document_id
    LEFT JOIN core_user u ON u.id = m.actor_id
"""

# (tenant, balance, seq, limit, tenant, balance, seq, limit, limit) -> the moves of one balance below a number, newest first
LEDGER = f"""
    WITH {_SIDES} AS (
        (SELECT {_OUT}, {_WHY} FROM inventory_move m
         WHERE m.tenant_id = %s AND m.from_balance_id = %s AND m.from_seq < %s ORDER BY m.from_seq DESC LIMIT %s)
        UNION ALL
        (SELECT {_IN}, {_WHY} FROM inventory_move m
         WHERE m.tenant_id = %s AND m.to_balance_id = %s AND m.to_seq < %s ORDER BY m.to_seq DESC LIMIT %s))
    {_NAMED} ORDER BY m.seq DESC LIMIT %s
"""

# (tenant, facility_ids, sku, tenant, limit, tenant, limit, limit) -> the newest moves of the balances where a SKU lies
RECENT_MOVES = f"""
    WITH places(id) AS (SELECT b.id FROM inventory_balance b
        WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = %s AND b.on_hand > 0 LIMIT 500),
    {_SIDES} AS (
        SELECT o.* FROM places, LATERAL (SELECT {_OUT}, {_WHY} FROM inventory_move m
            WHERE m.tenant_id = %s AND m.from_balance_id = places.id ORDER BY m.from_seq DESC LIMIT %s) o
        UNION ALL
        SELECT i.* FROM places, LATERAL (SELECT {_IN}, {_WHY} FROM inventory_move m
            WHERE m.tenant_id = %s AND m.to_balance_id = places.id ORDER BY m.to_seq DESC LIMIT %s) i)
    {_NAMED} ORDER BY m.at DESC, m.id DESC, m.change LIMIT %s
"""

_HOLD = """
    SELECT h.id, h.kind, h.lot_id, l.code, h.facility_id, n.code, h.document, h.reason, u.name, h.opened_at, h.cleared_at
    FROM inventory_hold h
    LEFT JOIN core_user u ON u.id = h.opened_by
    LEFT JOIN inventory_lot l ON l.tenant_id = h.tenant_id AND l.id = h.lot_id
    LEFT JOIN inventory_bin n ON n.tenant_id = h.tenant_id AND n.id = h.bin_id
"""

# Parameters: tenant, lot_ids, facility_ids.
OPEN_HOLDS = f"""
    {_HOLD} WHERE h.tenant_id = %s AND h.cleared_at IS NULL AND (h.lot_id IS NULL OR h.lot_id = ANY (%s::bigint[]))
    AND (h.facility_id IS NULL OR h.facility_id = ANY (%s::bigint[]))
    ORDER BY array_position(ARRAY['RECALL', 'QUARANTINE', 'HELD'], h.kind::text), h.opened_at, h.id LIMIT 200
"""

# Parameters: tenant, hold.
ONE_HOLD = f"{_HOLD} WHERE h.tenant_id = %s AND h.id = %s"

# (tenant, codes, tenant, codes): barcodes first, merchant codes after them
GOODS_BY_CODE = """
    SELECT 0 AS place, b.code, s.id, s.code, s.name, s.unit, s.shelf_life_days, s.shelf_life_months FROM inventory_barcode b
    JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id WHERE b.tenant_id = %s AND b.code = ANY (%s::text[])
    UNION ALL
    SELECT 1, s.code, s.id, s.code, s.name, s.unit, s.shelf_life_days, s.shelf_life_months FROM inventory_sku s
    WHERE s.tenant_id = %s AND s.code = ANY (%s::text[]) ORDER BY 1
"""

# Warnings.  A row is one lot at one facility: what lies there in bins that sell, held or not, as in the groups of the stock page.

_OF_CATEGORIES = "(%s OR s.category_id = ANY (%s::bigint[]))"
_WARNED_GOODS = f"""{_STOCK} JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.id = b.sku_id
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.on_hand > 0 AND n.kind IN (0, 1) AND {_OF_CATEGORIES}"""
BY_EXPIRY = "l.expires_on >= %s AND l.expires_on < %s"  # (from, below)
BY_AGE = "l.received_on > %s AND l.received_on <= %s"  # (after, up to)
_LOT_KEYS = {
    BY_EXPIRY: "(l.expires_on - date '2000-01-01')::bigint",
    BY_AGE: "(l.received_on - date '2000-01-01')::bigint",
}
_MONEY_KEY = "-coalesce(sum(b.on_hand) * s.cost_minor, -1)"  # most money first, unknown cost last


def lot_warnings(condition: str, *, by_money: bool, is_back: bool) -> str:
    """(tenant, facility_ids, any category, category_ids, two days, key, id, limit) -> lots at facilities beyond a cursor, in order."""
    key = _MONEY_KEY if by_money else _LOT_KEYS[condition]
    way, order = ("<", "DESC") if is_back else (">", "ASC")
    return f"""
    SELECT w.id, w.key, w.facility_id, w.sku_id, g.code, g.name, g.unit, w.lot_id, t.code, w.units, t.expires_on, t.received_on,
        g.cost_minor
    FROM (SELECT min(b.id) AS id, b.facility_id, b.sku_id, b.lot_id, sum(b.on_hand)::bigint AS units, {key} AS key
          {_WARNED_GOODS} AND {condition} GROUP BY b.facility_id, b.sku_id, b.lot_id, l.expires_on, l.received_on, s.cost_minor) w
    JOIN inventory_sku g ON g.tenant_id = %s AND g.id = w.sku_id JOIN inventory_lot t ON t.tenant_id = %s AND t.id = w.lot_id
    WHERE (w.key, w.id) {way} (%s, %s) ORDER BY w.key {order}, w.id {order} LIMIT %s
"""


# (two days of expiry, again, two days of arrival, tenant, facility_ids, any category, category_ids) -> rows of three such lists
COUNT_LOTS = f"""
    SELECT count(*) FILTER (WHERE {BY_EXPIRY}), count(*) FILTER (WHERE {BY_EXPIRY}), count(*) FILTER (WHERE {BY_AGE})
    FROM (SELECT DISTINCT b.facility_id, b.lot_id, l.expires_on, l.received_on {_WARNED_GOODS}) l
"""


def sum_lots(condition: str) -> str:
    """(tenant, facility_ids, any category, category_ids, two days) -> facility, rows of the same list there, their units."""
    return f"""
    SELECT b.facility_id, count(DISTINCT b.lot_id), sum(b.on_hand)::bigint {_WARNED_GOODS} AND {condition} GROUP BY 1
"""


def worst_lots(condition: str) -> str:
    """(tenant, facility_ids, any category, category_ids, two days, most, tenant, tenant) -> the first rows of the same list at each
    facility, as lot_warnings gives them."""
    return f"""
    SELECT w.id, w.key, w.facility_id, w.sku_id, g.code, g.name, g.unit, w.lot_id, t.code, w.units, t.expires_on, t.received_on,
        g.cost_minor
    FROM (SELECT v.*, row_number() OVER (PARTITION BY v.facility_id ORDER BY v.key, v.id) AS place
          FROM (SELECT min(b.id) AS id, b.facility_id, b.sku_id, b.lot_id, sum(b.on_hand)::bigint AS units, {_LOT_KEYS[condition]} AS key
                {_WARNED_GOODS} AND {condition} GROUP BY b.facility_id, b.sku_id, b.lot_id, l.expires_on, l.received_on) v) w
    JOIN inventory_sku g ON g.id = w.sku_id JOIN inventory_lot t ON t.id = w.lot_id
    WHERE w.place <= %s AND g.tenant_id = %s AND t.tenant_id = %s ORDER BY w.facility_id, w.place
"""


# (tenant, facility_ids, any category, category_ids, last expiry looked at, first sellable day) -> lots that sell and expire by then
SELLING_LOTS = f"""
    SELECT min(b.id), b.facility_id, b.sku_id, s.code, s.name, s.unit, b.lot_id, l.code, sum(b.on_hand)::bigint, l.expires_on,
        l.received_on, s.cost_minor, s.min_remaining_days
    {_WARNED_GOODS} AND l.expires_on < %s AND {SELLS}
    GROUP BY b.facility_id, b.sku_id, b.lot_id, s.code, s.name, s.unit, l.code, l.expires_on, l.received_on, s.cost_minor,
        s.min_remaining_days
"""

# (tenant, days, facility_ids, sku_ids) -> units that left the building lately
SHIPPED_LATELY = """
    SELECT b.facility_id, b.sku_id, sum(m.quantity)::bigint
    FROM inventory_move m JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = m.from_balance_id
    WHERE m.tenant_id = %s AND m.at >= statement_timestamp() - %s * interval '1 day' AND m.kind = 3
        AND b.facility_id = ANY (%s::bigint[]) AND b.sku_id = ANY (%s::bigint[]) GROUP BY 1, 2
"""

# (tenant, facility_ids, any category, category_ids) -> places with a safety stock
SAFETY_STOCKS = f"""
    SELECT t.id, t.facility_id, t.sku_id, s.code, s.name, s.unit, t.minimum, s.min_remaining_days
    FROM inventory_safetystock t JOIN inventory_sku s ON s.tenant_id = t.tenant_id AND s.id = t.sku_id
    WHERE t.tenant_id = %s AND t.facility_id = ANY (%s::bigint[]) AND t.minimum > 0 AND s.is_active AND {_OF_CATEGORIES}
"""

# Groups of balances whose bins and lots were read already: (ids, facility_ids, bin_ids, lot_ids, bin kinds, expiry dates,
# first sellable day, first sellable day, tenant) -> id, group.  No table but the holds is read: no plan of it can be wrong.
GROUP_OF_ROWS = f"""
    WITH given AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::date[])
        u(id, facility_id, bin_id, lot_id, kind, expires_on))
    SELECT b.id, {_GROUP}
    FROM (SELECT %s::bigint AS tenant_id, g.* FROM given g) b, LATERAL (SELECT b.kind) n, LATERAL (SELECT b.expires_on) l
"""

# The same as conditions on a balance (alias b), for pages that look for a group.  `IN (…) IS TRUE` is hashed once and looked up for every
# row: it never becomes a join, so that no missing statistics make it walk a table for every balance.
_SOLD_FROM = "(b.bin_id IN (SELECT id FROM inventory_bin WHERE tenant_id = %(tenant)s AND kind NOT IN (0, 1))) IS NOT TRUE"
_PAST = "(b.lot_id IN (SELECT id FROM inventory_lot WHERE tenant_id = %(tenant)s AND expires_on < %(first)s)) IS TRUE"


def _held() -> str:
    """An open hold covers the row: holds by what they name (lot, facility, bin or several), each kind hashed."""
    names = ("lot_id", "facility_id", "bin_id")
    tests = []
    for said in product((True, False), repeat=len(names)):
        own = [name for name, is_said in zip(names, said, strict=True) if is_said]
        if own:
            scope = " AND ".join(
                f"{name} IS {'NOT ' if name in own else ''}NULL" for name in names
            )  # a hold without a scope is refused by the database
            tests.append(
                f"({', '.join(f'b.{name}' for name in own)}) IN (SELECT {', '.join(own)} FROM inventory_hold"
                f" WHERE tenant_id = %(tenant)s AND cleared_at IS NULL AND {scope})"
            )
    return f"(({' OR '.join(tests)}) IS TRUE)"


# Parameters by name: tenant, first (the first sellable day).
IN_GROUP = {
    "sells": f"{_SOLD_FROM} AND NOT ({_PAST}) AND NOT {_held()}",
    "held": f"{_SOLD_FROM} AND NOT ({_PAST}) AND {_held()}",
    "expired": f"{_SOLD_FROM} AND {_PAST}",
    "elsewhere": f"NOT ({_SOLD_FROM})",
}
# By name: tenant, facilities, first -> SKUs with something held or expired, or with more promised than what is sellable
PROBLEM_SKUS = f"""
    SELECT b.sku_id FROM inventory_balance b WHERE b.tenant_id = %(tenant)s AND b.facility_id = ANY (%(facilities)s::bigint[])
        AND b.on_hand > 0 AND {_SOLD_FROM} AND ({_PAST} OR {_held()})
    UNION
    SELECT p.sku_id FROM (SELECT q.facility_id, q.sku_id, sum(q.quantity) AS units FROM inventory_promise q
        WHERE q.tenant_id = %(tenant)s AND q.facility_id = ANY (%(facilities)s::bigint[]) AND q.quantity > 0 GROUP BY 1, 2) p
    LEFT JOIN (SELECT b.facility_id, b.sku_id, sum(b.on_hand - b.allocated) AS units FROM inventory_balance b
        WHERE b.tenant_id = %(tenant)s AND b.facility_id = ANY (%(facilities)s::bigint[]) AND b.on_hand > b.allocated
            AND {IN_GROUP["sells"]} GROUP BY 1, 2) f ON f.facility_id = p.facility_id AND f.sku_id = p.sku_id
    WHERE p.units > coalesce(f.units, 0)
"""
# A lot expires on one of these days: (from, below) by name, alias d.
LOT_ENDS_WITHIN = "d.expires_on >= %(first)s AND d.expires_on < %(below)s"

# (first sellable day, first sellable day, tenant, facility, SKU, balance, limit) -> where goods lie that could be picked, and this balance
LOTS_TO_TAKE = f"""
    SELECT b.id, b.lot_id, l.code, l.expires_on, n.code, b.on_hand - b.allocated, {_GROUP} {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = %s AND b.sku_id = %s AND b.on_hand > 0 AND (n.kind <> 3 OR b.id = %s)
    ORDER BY coalesce(l.expires_on, '9999-12-31'), l.code, n.sequence, n.code, b.id LIMIT %s
"""

# Lots, for inventory.queries.lots.


def _group_of(whose: str) -> str:
    """The group of a balance (alias b), each test hashed; `whose` narrows the lots that are looked through."""
    past = _PAST.replace("tenant_id =", f"{whose} AND tenant_id =")
    return f"""CASE WHEN NOT ({_SOLD_FROM}) THEN 'elsewhere' WHEN {past} THEN 'expired' WHEN {_held()} THEN 'held' ELSE 'sells' END"""


# By name: tenant, facilities, lots, first -> lot, group, units, allocated
GROUPS_OF_LOTS = f"""
    SELECT b.lot_id, {_group_of("id = ANY (%(lots)s::bigint[])")} AS stock_group, sum(b.on_hand)::bigint, sum(b.allocated)::bigint
    FROM inventory_balance b
    WHERE b.tenant_id = %(tenant)s AND b.facility_id = ANY (%(facilities)s::bigint[]) AND b.lot_id = ANY (%(lots)s::bigint[])
      AND b.on_hand > 0
    GROUP BY 1, 2
"""

# By name: tenant, facilities, skus, first -> facility, sku, group, lot, units, allocated
STOCK_GROUPS = f"""
    SELECT b.facility_id, b.sku_id, {_group_of("sku_id = ANY (%(skus)s::bigint[])")} AS stock_group, b.lot_id, sum(b.on_hand)::bigint,
        sum(b.allocated)::bigint
    FROM inventory_balance b
    WHERE b.tenant_id = %(tenant)s AND b.facility_id = ANY (%(facilities)s::bigint[]) AND b.sku_id = ANY (%(skus)s::bigint[])
      AND b.on_hand > 0
    GROUP BY 1, 2, 3, 4
"""

# (first sellable day, first sellable day, tenant, facility_ids, lot) -> where a lot lies or lay
PLACES_OF_LOT = f"""
    SELECT b.id, b.facility_id, b.bin_id, n.code, n.kind, b.on_hand, b.allocated, {_GROUP} {_STOCK}
    WHERE b.tenant_id = %s AND b.facility_id = ANY (%s::bigint[]) AND b.lot_id = %s
    ORDER BY b.on_hand = 0, b.facility_id, n.sequence, n.code, b.id LIMIT 501
"""

# (tenant, lot, facility_ids, lot) -> holds of the lot, and open ones of the places where it lies; open ones first, the newest of each first
HOLDS_OF_LOT = """
    SELECT h.id, h.kind, h.lot_id, h.facility_id, n.code, h.document, h.reason, u.name, h.opened_at, c.name, h.cleared_at
    FROM inventory_hold h
    LEFT JOIN core_user u ON u.id = h.opened_by
    LEFT JOIN core_user c ON c.id = h.cleared_by
    LEFT JOIN inventory_bin n ON n.tenant_id = h.tenant_id AND n.id = h.bin_id
    WHERE h.tenant_id = %s AND (h.lot_id = %s OR h.lot_id IS NULL AND h.cleared_at IS NULL)
      AND (h.facility_id IS NULL OR h.facility_id = ANY (%s::bigint[]))
      AND (h.lot_id IS NOT NULL OR EXISTS (SELECT FROM inventory_balance b WHERE b.tenant_id = h.tenant_id AND b.lot_id = %s
          AND b.on_hand > 0 AND b.facility_id = h.facility_id AND (h.bin_id IS NULL OR h.bin_id = b.bin_id)))
    ORDER BY h.cleared_at IS NOT NULL, coalesce(h.cleared_at, h.opened_at) DESC, h.id LIMIT 100
"""

# (tenant, lot, facility_ids) -> how a lot came in
RECEIPTS_OF_LOT = """
    SELECT r.id, r.reference, r.supplier, r.facility_id, n.code, i.quantity, u.name, r.created_at
    FROM inventory_receiptline i
    JOIN inventory_receipt r ON r.tenant_id = i.tenant_id AND r.id = i.receipt_id
    JOIN inventory_bin n ON n.tenant_id = i.tenant_id AND n.id = i.bin_id
    LEFT JOIN core_user u ON u.id = r.created_by
    WHERE i.tenant_id = %s AND i.lot_id = %s AND r.facility_id = ANY (%s::bigint[]) ORDER BY r.created_at DESC, i.id LIMIT 100
"""

# (tenant, lot) -> how its dates were put right
CORRECTIONS_OF_LOT = """
    SELECT a.at, u.name, a.detail FROM core_auditentry a LEFT JOIN core_user u ON u.id = a.actor_id
    WHERE a.tenant_id = %s AND a.object_id = %s AND a.object_kind = 'lot' AND a.action = 'correct_lot' ORDER BY a.at DESC, a.id LIMIT 100
"""
