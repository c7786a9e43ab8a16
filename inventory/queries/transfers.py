"""What pages and the API show of transfers.  Every function costs one statement, however many papers."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from core import db
from core.tenancy import current_tenant

# Parameters: papers, tenant, papers, tenant, papers.
_SUMS = """
    SELECT u.id, coalesce(l.lines, 0), coalesce(l.units, 0), coalesce(i.sent, 0), coalesce(i.arrived, 0), coalesce(i.lost, 0)
    FROM unnest(%s::bigint[]) u(id)
    LEFT JOIN (SELECT transfer_id, count(*) AS lines, sum(quantity)::bigint AS units FROM inventory_transferline
        WHERE tenant_id = %s AND transfer_id = ANY (%s::bigint[]) GROUP BY 1) l ON l.transfer_id = u.id
    LEFT JOIN (SELECT transfer_id, sum(sent)::bigint AS sent, sum(arrived)::bigint AS arrived, sum(lost)::bigint AS lost
        FROM inventory_transferitem WHERE tenant_id = %s AND transfer_id = ANY (%s::bigint[]) GROUP BY 1) i ON i.transfer_id = u.id
"""

# Parameters: tenant, papers.
_LINES = """
    SELECT l.transfer_id, l.sku_id, s.code, s.name, s.unit, l.quantity
    FROM inventory_transferline l JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    WHERE l.tenant_id = %s AND l.transfer_id = ANY (%s::bigint[]) ORDER BY l.transfer_id, s.code
"""

# Parameters: tenant, papers.
_ITEMS = """
    SELECT i.transfer_id, i.id, s.id, s.code, s.name, s.unit, i.lot_id, l.code, l.expires_on, n.code, i.sent, i.arrived, i.lost
    FROM inventory_transferitem i
    JOIN inventory_lot l ON l.tenant_id = i.tenant_id AND l.id = i.lot_id
    JOIN inventory_sku s ON s.tenant_id = l.tenant_id AND s.id = l.sku_id
    JOIN inventory_bin n ON n.tenant_id = i.tenant_id AND n.id = i.from_bin_id
    WHERE i.tenant_id = %s AND i.transfer_id = ANY (%s::bigint[]) ORDER BY i.transfer_id, s.code, l.expires_on NULLS LAST, l.code, i.id
"""


@dataclass(frozen=True, slots=True)
class TransferSums:
    """Units of one paper: `wanted` by its lines, the rest by what left."""

    lines: int = 0
    wanted: int = 0
    sent: int = 0
    arrived: int = 0
    lost: int = 0

    @property
    def settled(self) -> int:
        return self.arrived + self.lost


def sum_transfers(transfer_ids: Sequence[int]) -> dict[int, TransferSums]:
    ids, tenant_id = db.array(sorted(transfer_ids)), current_tenant()
    found = db.rows(_SUMS, ids, tenant_id, ids, tenant_id, ids)
    return {row[0]: TransferSums(*row[1:]) for row in found}


@dataclass(frozen=True, slots=True)
class TransferLineRow:
    sku_id: int
    sku: str
    name: str
    unit: str
    quantity: int


def list_transfer_lines(transfer_ids: Iterable[int]) -> dict[int, list[TransferLineRow]]:
    """Lines by paper, by SKU code."""
    found: dict[int, list[TransferLineRow]] = defaultdict(list)
    for row in db.rows(_LINES, current_tenant(), db.array(sorted(transfer_ids))):
        found[row[0]].append(TransferLineRow(*row[1:]))
    return found


@dataclass(frozen=True, slots=True)
class TransferItemRow:
    """Units of one lot that left one bin."""

    id: int
    sku_id: int
    sku: str
    name: str
    unit: str
    lot_id: int
    lot: str
    expires_on: date | None
    from_bin: str
    sent: int
    arrived: int
    lost: int

    @property
    def on_the_road(self) -> int:
        return self.sent - self.arrived - self.lost


def list_transfer_items(transfer_ids: Iterable[int]) -> dict[int, list[TransferItemRow]]:
    """What left, by paper: by SKU code, first expired first."""
    found: dict[int, list[TransferItemRow]] = defaultdict(list)
    for row in db.rows(_ITEMS, current_tenant(), db.array(sorted(transfer_ids))):
        found[row[0]].append(TransferItemRow(*row[1:]))
    return found
