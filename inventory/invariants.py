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

PURCHASES = """
    SELECT o.number, l.id, l.sku_id, l.received, coalesce(r.units, 0) AS receipts, o.status
    FROM inventory_purchaseline l JOIN inventory_purchaseorder o ON o.tenant_id = l.tenant_id AND o.id = l.purchase_id
    LEFT JOIN (SELECT tenant_id, purchase_line_id, sum(quantity) AS units FROM inventory_receiptline
        WHERE purchase_line_id IS NOT NULL GROUP BY 1, 2) r ON r.tenant_id = l.tenant_id AND r.purchase_line_id = l.id
    WHERE l.received <> coalesce(r.units, 0) OR (l.received > 0 AND o.status IN (0, 3))
"""

# 8 is the bin kind TRANSIT, 1 a transfer on the road.
ON_THE_ROAD = """
    SELECT facility_id, lot_id, coalesce(i.units, 0) AS papers, coalesce(b.units, 0) AS stock
    FROM (SELECT t.to_facility_id AS facility_id, i.lot_id, sum(i.sent - i.arrived - i.lost) AS units
        FROM inventory_transfer t JOIN inventory_transferitem i ON i.tenant_id = t.tenant_id AND i.transfer_id = t.id
        WHERE t.status = 1 GROUP BY 1, 2) i
    FULL JOIN (SELECT b.facility_id, b.lot_id, sum(b.on_hand) AS units
        FROM inventory_balance b JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id
        WHERE n.kind = 8 GROUP BY 1, 2) b USING (facility_id, lot_id)
    WHERE coalesce(i.units, 0) <> coalesce(b.units, 0)
"""

# A code says one thing.  No index reaches over three tables: the services refuse, and this proves that nothing slipped through.
BUNDLE_CODES = """
    SELECT b.code, s.id AS sku_id, c.sku_id AS barcode_of FROM inventory_bundle b
    LEFT JOIN inventory_sku s ON s.tenant_id = b.tenant_id AND s.code = b.code
    LEFT JOIN inventory_barcode c ON c.tenant_id = b.tenant_id AND c.code = b.code
    WHERE s.id IS NOT NULL OR c.id IS NOT NULL
"""

BUNDLE_PARTS = """
    SELECT b.code FROM inventory_bundle b
    WHERE NOT EXISTS (SELECT FROM inventory_bundlepart p WHERE p.tenant_id = b.tenant_id AND p.bundle_id = b.id)
"""

COUNTS_BOOKED = """
    SELECT coalesce(d.count_id, a.count_id) AS count_id, coalesce(d.bin_id, a.bin_id) AS bin_id, coalesce(d.lot_id, a.lot_id) AS lot_id,
        coalesce(d.units, 0) AS agreed, coalesce(a.units, 0) AS adjusted
    FROM (SELECT t.count_id, t.bin_id, e.lot_id, sum(e.difference) AS units FROM inventory_counttask t
        JOIN inventory_countentry e ON e.tenant_id = t.tenant_id AND e.task_id = t.id AND e.round = t.round
        WHERE t.status = 5 GROUP BY 1, 2, 3) d
    FULL JOIN (SELECT a.count_id, l.bin_id, l.lot_id, sum(l.delta) AS units FROM inventory_adjustment a
        JOIN inventory_adjustmentline l ON l.tenant_id = a.tenant_id AND l.adjustment_id = a.id
        WHERE a.count_id IS NOT NULL GROUP BY 1, 2, 3) a USING (count_id, bin_id, lot_id)
    WHERE coalesce(d.units, 0) <> coalesce(a.units, 0)
"""

COUNTS_ENDED = """
    SELECT c.id, c.number, c.status, t.id AS task_id, t.status AS task_status FROM inventory_stockcount c
    JOIN inventory_counttask t ON t.tenant_id = c.tenant_id AND t.count_id = c.id
    WHERE (c.status IN (2, 3) AND t.status = 1) OR (c.status = 2 AND t.status = 3) OR (c.status = 1 AND t.status IN (0, 1, 2))
        OR (c.status = 3 AND t.status = 5)
"""

# 12 is USED, 13 MADE.  Of an assembly (1) the kit's lot is to_lot, of a taking apart (2) from_lot; each link says all kits of its paper.
ASSEMBLIES = """
    WITH moved AS (
        SELECT m.document_id, b.lot_id, m.kind, sum(m.quantity) AS units FROM inventory_move m
        JOIN inventory_balance b ON b.tenant_id = m.tenant_id AND b.id = coalesce(m.from_balance_id, m.to_balance_id)
        WHERE m.kind IN (12, 13) GROUP BY 1, 2, 3),
    said AS (
        SELECT a.id AS document_id, k.from_lot_id AS lot_id, 12 AS kind,
            CASE WHEN a.kind = 1 THEN sum(k.quantity) ELSE max(a.quantity) END AS units
        FROM inventory_assembly a JOIN inventory_lotlink k ON k.tenant_id = a.tenant_id AND k.assembly_id = a.id GROUP BY 1, 2, a.kind
        UNION ALL
        SELECT a.id, k.to_lot_id, 13, CASE WHEN a.kind = 1 THEN max(a.quantity) ELSE sum(k.made) END
        FROM inventory_assembly a JOIN inventory_lotlink k ON k.tenant_id = a.tenant_id AND k.assembly_id = a.id GROUP BY 1, 2, a.kind)
    SELECT document_id, lot_id, kind, coalesce(m.units, 0) AS ledger, coalesce(s.units, 0) AS links
    FROM moved m FULL JOIN said s USING (document_id, lot_id, kind) WHERE coalesce(m.units, 0) <> coalesce(s.units, 0)
    UNION ALL
    SELECT a.id, k.id, a.kind, a.quantity, CASE WHEN a.kind = 1 THEN k.made ELSE k.quantity END FROM inventory_assembly a
    JOIN inventory_lotlink k ON k.tenant_id = a.tenant_id AND k.assembly_id = a.id
    WHERE a.quantity <> CASE WHEN a.kind = 1 THEN k.made ELSE k.quantity END
"""

register(
    Invariant(
        "inventory.purchases",
        "a purchase line received what its receipt lines say; drafts and void orders nothing",
        PURCHASES,
    ),
    Invariant(
        "inventory.on_the_road",
        "what transfers have on the road lies in the bin TRANSIT of where they go",
        ON_THE_ROAD,
    ),
    Invariant("inventory.ledger.sums", "a balance is the sum of its moves, and counts them", LEDGER_SUMS),
    Invariant(
        "inventory.ledger.chain",
        "moves of a balance are numbered without gaps, each adds to the last",
        LEDGER_CHAIN,
    ),
    Invariant(
        "inventory.allocated", "0 ≤ allocated ≤ on hand, and allocated is the sum of allocations", ALLOCATED
    ),
    Invariant("inventory.bundle.codes", "no bundle has the code of a SKU or of a barcode", BUNDLE_CODES),
    Invariant("inventory.bundle.parts", "a bundle has parts", BUNDLE_PARTS),
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
    Invariant(
        "inventory.assemblies",
        "what an assembly used and made in the ledger is what its links say",
        ASSEMBLIES,
    ),
    Invariant(
        "inventory.counts.booked", "what counts agreed on is what their adjustments say", COUNTS_BOOKED
    ),
    Invariant(
        "inventory.counts.ended",
        "nobody counts in a count that has ended, nothing agreed is left out of one that is booked",
        COUNTS_ENDED,
    ),
)
