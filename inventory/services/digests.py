"""The morning's digest: one row a day, said once."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core import db, options, outbox
from core.tenancy import current_tenant
from inventory.options import DIGEST_HOUR
from inventory.queries import list_facilities
from inventory.queries.digests import DigestRow
from inventory.queries.warnings import StockWarning, Wanted, WarningKind, sum_warnings

ROWS_SHOWN = 10  # of each kind at each facility; the page of warnings has them all

_WRITE = """
    INSERT INTO inventory_stockdigest AS d (tenant_id, id, day, content) VALUES (%s, %s, %s, %s::jsonb)
    ON CONFLICT (tenant_id, day) DO UPDATE SET content = excluded.content RETURNING id, id = %s
"""


def local_now() -> datetime:
    """The wall clock at the tenant's place, as the database sees it now; without a zone."""
    found = db.rows(
        "SELECT clock_timestamp() AT TIME ZONE timezone FROM core_tenant WHERE id = %s", current_tenant()
    )
    return found[0][0]  # type: ignore[no-any-return]


def write_if_due(now: datetime) -> int | None:
    """Write today's digest when the tenant's hour has come and it is not there yet; its id, or None.

    `now`: the wall clock at the tenant's place.
    """
    if now.hour < options.get(DIGEST_HOUR):
        return None
    there = db.rows(
        "SELECT 1 FROM inventory_stockdigest WHERE tenant_id = %s AND day = %s", current_tenant(), now.date()
    )
    return None if there else write_digest(now)


def write_digest(now: datetime) -> int:
    """Count every kind of warning at every facility and keep it as the digest of the day, with the first ROWS_SHOWN of each; its id.

    Written again the same day it takes the first one's place.  StockDigestWritten is said once a day, and not about nothing.  About thirty
    statements; locks nothing but its own row.
    """
    facility_ids = [card.id for card in list_facilities(None)]
    parts = [part for kind in WarningKind for part in _parts(kind, facility_ids)] if facility_ids else []
    parts.sort(key=lambda part: facility_ids.index(part["facility_id"]))
    new_id = db.new_id()
    content = json.dumps({"parts": parts}, ensure_ascii=False)
    ((digest_id, is_new),) = db.rows(_WRITE, current_tenant(), new_id, now.date(), content, new_id)
    if is_new and parts:
        outbox.emit("StockDigestWritten", {"digest_id": digest_id})
    return int(digest_id)


def _parts(kind: WarningKind, facility_ids: list[int]) -> list[dict[str, Any]]:
    found = sum_warnings(kind, Wanted(facility_ids), most=ROWS_SHOWN)
    return [
        {
            "facility_id": facility_id,
            "kind": kind.value,
            "count": one.count,
            "units": one.units,
            "rows": [asdict(_row(row)) for row in one.worst],
        }
        for facility_id, one in found.items()
    ]


def _row(row: StockWarning) -> DigestRow:
    return DigestRow(
        row.sku_id, row.sku_code, row.sku_name, row.unit, row.lot_code, row.at_risk, row.days, row.minimum
    )
