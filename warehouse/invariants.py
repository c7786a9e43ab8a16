"""Laws of the floor: a parcel's units are promised, allocated or shipped, each once."""

from core.invariants import Invariant, register

# status: 0 waiting, 1 planned, 2 released, 3 picked, 4 shipped, 5 cancelled (warehouse.models.ParcelStatus)
LINE_UNITS = """
    WITH claims AS (
        SELECT l.tenant_id, l.id, l.parcel_id, l.quantity, p.status,
            coalesce((SELECT sum(r.quantity) FROM inventory_reservation r
                WHERE r.tenant_id = l.tenant_id AND r.owner_ref = l.parcel_id AND r.line_ref = l.id), 0) AS reserved,
            coalesce((SELECT sum(a.quantity) FROM inventory_allocation a
                WHERE a.tenant_id = l.tenant_id AND a.owner_ref = l.parcel_id AND a.line_ref = l.id), 0) AS allocated,
            coalesce((SELECT sum(m.quantity) FROM inventory_move m
                WHERE m.tenant_id = l.tenant_id AND m.document_id = l.parcel_id AND m.line_id = l.id
                AND m.kind = 3), 0) AS shipped
        FROM warehouse_parcelline l JOIN warehouse_parcel p ON p.tenant_id = l.tenant_id AND p.id = l.parcel_id)
    SELECT id, parcel_id, status, quantity, reserved, allocated, shipped FROM claims
    WHERE CASE
        WHEN status IN (0, 1) THEN reserved + allocated > quantity OR reserved <> 0 AND allocated <> 0 OR shipped <> 0
        WHEN status IN (2, 3) THEN reserved <> 0 OR allocated <> quantity OR shipped <> 0
        WHEN status = 4 THEN reserved <> 0 OR allocated <> 0 OR shipped <> quantity
        ELSE reserved <> 0 OR allocated <> 0 OR shipped <> 0 END
"""

OWNERS = """
    SELECT 'reservation' AS kind, r.id, r.owner_ref, r.line_ref FROM inventory_reservation r
    LEFT JOIN warehouse_parcelline l
        ON l.tenant_id = r.tenant_id AND l.id = r.line_ref AND l.parcel_id = r.owner_ref AND l.sku_id = r.sku_id
    WHERE l.id IS NULL
    UNION ALL
    SELECT 'allocation', a.id, a.owner_ref, a.line_ref FROM inventory_allocation a
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    LEFT JOIN warehouse_parcelline l
        ON l.tenant_id = a.tenant_id AND l.id = a.line_ref AND l.parcel_id = a.owner_ref AND l.sku_id = b.sku_id
    WHERE l.id IS NULL
"""

PLACES = """
    SELECT p.id, p.facility_id, w.facility_id AS facility_of_wave FROM warehouse_parcel p
    JOIN warehouse_wave w ON w.tenant_id = p.tenant_id AND w.id = p.wave_id WHERE p.facility_id <> w.facility_id
    UNION ALL
    SELECT p.id, p.facility_id, r.facility_id FROM warehouse_parcel p
    JOIN inventory_reservation r ON r.tenant_id = p.tenant_id AND r.owner_ref = p.id
    WHERE r.facility_id <> p.facility_id
    UNION ALL
    SELECT p.id, p.facility_id, b.facility_id FROM warehouse_parcel p
    JOIN inventory_allocation a ON a.tenant_id = p.tenant_id AND a.owner_ref = p.id
    JOIN inventory_balance b ON b.tenant_id = a.tenant_id AND b.id = a.balance_id
    WHERE b.facility_id <> p.facility_id
"""

SLOTS = """
    SELECT wave_id, slot, count(*) AS parcels FROM warehouse_parcel
    WHERE wave_id IS NOT NULL AND status IN (2, 3) GROUP BY 1, 2 HAVING count(*) > 1 OR slot IS NULL
"""

COUNTED = """
    SELECT p.id, p.ref, p.units, coalesce(l.units, 0) AS lines FROM warehouse_parcel p LEFT JOIN (
        SELECT tenant_id, parcel_id, sum(quantity) AS units FROM warehouse_parcelline GROUP BY 1, 2
    ) l ON l.tenant_id = p.tenant_id AND l.parcel_id = p.id
    WHERE p.units <> coalesce(l.units, 0) OR l.units IS NULL
"""

register(
    Invariant(
        "warehouse.parcel.units",
        "units of a parcel line are at most reserved (or set aside with their lot) before its wave, all allocated on the floor,"
        " all in the ledger once shipped, and free once cancelled",
        LINE_UNITS,
    ),
    Invariant(
        "warehouse.owners", "every reservation and allocation belongs to a parcel line of its SKU", OWNERS
    ),
    Invariant("warehouse.places", "a parcel, its wave and its stock are in one facility", PLACES),
    Invariant("warehouse.slots", "a slot of a cart holds one parcel", SLOTS),
    Invariant("warehouse.parcel.counted", "every parcel holds something, and counts it", COUNTED),
)
