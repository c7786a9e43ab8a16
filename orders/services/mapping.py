"""Codes that no SKU answers to: how many a file holds, whose orders they stop, and what they mean.

What a person says of a code is kept as a code of the SKU (inventory), so that files, pushes and the desk all know it from then on.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from core import db
from core.tenancy import current_tenant
from inventory.queries.catalogue import list_codes_in_use
from inventory.services.barcodes import add_barcodes
from orders.importing.settings import Options
from orders.queries import COUNT_MOST, list_stamps
from orders.rules import audit
from orders.services.import_known import get_import
from orders.services.import_pairs import open_file

LOOKED_AT = 2_000  # rows of a file that are read before it starts


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the first `rows` rows of a file would meet: `codes` different codes, of which nobody knows `unknown`."""

    rows: int
    is_whole: bool
    codes: int
    unknown: int


def unknown_codes(codes: Collection[str]) -> set[str]:
    """Those that are neither a SKU's, a barcode nor a bundle's.  One statement."""
    if not codes:
        return set()
    known, bundles = list_codes_in_use(codes)
    return set(codes) - known - bundles


def look_ahead(*, import_id: int, column: int, chosen: Options) -> Outlook:
    """Read the first rows of a file for its codes; `column` is where they stand.  Two statements."""
    table = open_file(get_import(import_id))
    rows = list(islice(table.rows, LOOKED_AT))
    left_out = {"", *chosen.not_goods, *chosen.no_code}
    codes = {row[column].strip() for row in rows if len(row) > column} - left_out
    return Outlook(len(rows), len(rows) < LOOKED_AT, len(codes), len(unknown_codes(codes)))


def list_waiting_for(code: str) -> dict[int, str]:
    """Stopped orders that have a line with this code and no SKU, with the stamp of each: what a release of all of them takes."""
    found = db.rows(
        "SELECT DISTINCT l.order_id FROM orders_orderline l WHERE l.tenant_id = %s AND l.order_id = ANY (ARRAY("
        "SELECT f.order_id FROM orders_finding f WHERE f.tenant_id = %s AND f.code = %s AND f.stops AND f.cleared_at IS NULL"
        " ORDER BY f.order_id LIMIT %s)) AND l.sku_id IS NULL AND l.external_code = %s ORDER BY 1",
        current_tenant(),
        current_tenant(),
        audit.SKU_UNMAPPED,
        COUNT_MOST,
        code,
    )
    ids = [order_id for (order_id,) in found]
    return list_stamps(ids) if ids else {}


def map_codes(*, meanings: Mapping[str, int], actor_id: int | None) -> None:
    """Code → SKU id, remembered.  Orders that stand still are released by a person, who sees how many there are.

    Raises Conflict when a code is another's by now, UnknownGoods for a SKU that is not there.
    """
    add_barcodes(owners=meanings, actor_id=actor_id)
