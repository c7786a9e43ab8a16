"""Laws of stock: units conserved, never promised twice."""

from core.invariants import Invariant, register
from inventory import sql
from inventory.queries import first_sellable

_SIDES = """
    WITH sides AS (
        SELECT tenant_id, to_balance_id AS balance_id, to_seq AS seq, to_after AS after, quantity AS change
        FROM inventory_move WHERE to_balance_id IS NOT NULL
        UNION ALL
        SELECT tenant_id, from_balance_id, from_seq, from_after, -quantity
        FROM inventory_move WHERE from_balance_id IS NOT NULL)
"""

LEDGER_SUMS = f"""
    {_SIDES}, summed AS (
        SELECT tenant_id, balance_id, sum(change) AS units, max(seq) AS seq FROM sides GROUP BY 1, 2)
    SELECT b.id, b.on_hand, coalesce(s.units, 0) AS ledger, b.seq, coalesce(s.seq, 0) AS ledger_seq
    FROM inventory_balance b LEFT JOIN summed s ON s.tenant_id = b.tenant_id AND s.balance_id = b.id
    WHERE b.on_hand <> coalesce(s.units, 0) OR b.seq <> coalesce(s.seq, 0)
"""

LEDGER_CHAIN = f"""
    {_SIDES}, chained AS (
        SELECT balance_id, seq, after, change, lag(seq, 1, 0) OVER w AS seq_before, lag(after, 1, 0) OVER w AS before
        FROM sides WINDOW w AS (PARTITION BY balance_id ORDER BY seq))
    SELECT balance_id, seq, seq_before, before, change, after FROM chained
    WHERE seq <> seq_before + 1 OR after <> before + change
"""

ALLOCATED = """
    SELECT b.id, b.on_hand, b.allocated, coalesce(a.units, 0) AS allocations
    FROM inventory_balance b LEFT JOIN (
        SELECT tenant_id, balance_id, sum(quantity) AS units FROM inventory_allocation GROUP BY 1, 2
    ) a ON a.tenant_id = b.tenant_id AND a.balance_id = b.id
    WHERE NOT (0 <= b.allocated AND b.allocated <= b.on_hand) OR b.allocated <> coalesce(a.units, 0)
"""

PROMISED = """
    SELECT facility_id, sku_id, min_expires_on, coalesce(p.units, 0) AS promised, coalesce(r.units, 0) AS reservations
    FROM (SELECT facility_id, sku_id, min_expires_on, sum(quantity) AS units FROM inventory_promise GROUP BY 1, 2, 3) p
    FULL JOIN (SELECT facility_id, sku_id, min_expires_on, sum(quantity) AS units FROM inventory_reservation
        GROUP BY 1, 2, 3) r USING (facility_id, sku_id, min_expires_on)
    WHERE coalesce(p.units, 0) <> coalesce(r.units, 0)
"""

# S counts exactly what reserve counts: inventory.sql.SELLS.
PROMISE_LAW = f"""
    WITH promised AS (
        SELECT facility_id, sku_id, min_expires_on,
            sum(quantity) OVER (PARTITION BY facility_id, sku_id ORDER BY min_expires_on DESC) AS units
        FROM inventory_promise WHERE quantity > 0),
    supplies AS (
        SELECT b.facility_id, b.sku_id, coalesce(l.expires_on, '9999-12-31') AS expires_on,
            sum(b.on_hand - b.allocated) AS units
        FROM inventory_balance b
        JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
        JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
        WHERE b.on_hand > b.allocated AND {sql.SELLS} GROUP BY 1, 2, 3),
    compared AS (
        SELECT p.facility_id, p.sku_id, p.min_expires_on, p.units AS promised, coalesce((
            SELECT sum(s.units) FROM supplies s WHERE s.facility_id = p.facility_id AND s.sku_id = p.sku_id
            AND s.expires_on >= p.min_expires_on), 0) AS sellable
        FROM promised p)
    SELECT * FROM compared WHERE promised > sellable
"""

BALANCE_COPIES = """
    SELECT b.id, b.facility_id, n.facility_id AS facility_of_bin, b.sku_id, l.sku_id AS sku_of_lot
    FROM inventory_balance b
    JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
    JOIN inventory_lot l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
    WHERE b.facility_id <> n.facility_id OR b.sku_id <> l.sku_id
"""

HOLD_COPIES = """
    SELECT h.id, h.sku_id, l.sku_id AS sku_of_lot FROM inventory_hold h
    JOIN inventory_lot l ON l.tenant_id = h.tenant_id AND l.id = h.lot_id WHERE h.sku_id IS DISTINCT FROM l.sku_id
"""

RECEIPTS = """
    SELECT r.id, r.reference, coalesce(l.units, 0) AS lines, coalesce(m.units, 0) AS moved FROM inventory_receipt r
    LEFT JOIN (SELECT tenant_id, receipt_id, sum(quantity) AS units FROM inventory_receiptline GROUP BY 1, 2) l
        ON l.tenant_id = r.tenant_id AND l.receipt_id = r.id
    LEFT JOIN (SELECT tenant_id, document_id, sum(quantity) AS units FROM inventory_move
        WHERE from_balance_id IS NULL GROUP BY 1, 2) m ON m.tenant_id = r.tenant_id AND m.document_id = r.id
    WHERE coalesce(l.units, 0) <> coalesce(m.units, 0)
"""

register(
    Invariant("inventory.ledger.sums", "a balance is the sum of its moves, and counts them", LEDGER_SUMS),
    Invariant(
        "inventory.ledger.chain",
        "moves of a balance are numbered without gaps, each adds to the last",
        LEDGER_CHAIN,
    ),
    Invariant(
        "inventory.allocated", "0 ≤ allocated ≤ on hand, and allocated is the sum of allocations", ALLOCATED
    ),
    Invariant("inventory.promised", "a promise is the sum of its reservations", PROMISED),
    Invariant(
        "inventory.promise_law",
        "for every date, units promised for it or later are there, sellable and not allocated",
        PROMISE_LAW,
        lambda: (first_sellable(),),
    ),
    Invariant(
        "inventory.balance.copies", "a balance's facility is its bin's, its SKU its lot's", BALANCE_COPIES
    ),
    Invariant("inventory.hold.copies", "a hold's SKU is its lot's", HOLD_COPIES),
    Invariant("inventory.receipts", "a receipt's lines are what moved in for it", RECEIPTS),
)
