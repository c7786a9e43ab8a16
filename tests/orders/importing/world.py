"""A merchant with a warehouse and a file channel, and imports run to their end."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import db, jobs
from core.models import Job
from core.tenancy import tenant
from orders.importing.settings import Options
from orders.models import ImportProblem, OrderLine
from orders.services import imports
from orders.services.import_results import ImportResult, result
from tests.builders import make_bins, make_channel, make_facility, make_sku, make_stock


@dataclass(frozen=True)
class Shop:
    """A tenant with one channel and stock of QY-1 and QY-2."""

    tenant_id: int
    facility_id: int
    channel_id: int


def make_shop(tenant_id: int, *, units: int = 10_000) -> Shop:
    with tenant(tenant_id):
        facility_id = make_facility()
        bins = make_bins(facility_id, 3)
        channel_id = make_channel(facility_id, needs_address=False)
        for code, bin_id in (("QY-1", bins[0]), ("QY-2", bins[1])):
            make_stock(bin_id, make_sku(code=code), units)
    return Shop(tenant_id, facility_id, channel_id)


def start(shop: Shop, file: Path, options: Options | None = None) -> tuple[int, int]:
    """Register a file and queue its import; (import, job)."""
    import_id = imports.register(tenant_id=shop.tenant_id, channel_id=shop.channel_id, path=file)
    return import_id, again(shop, import_id, options)


def again(shop: Shop, import_id: int, options: Options | None = None) -> int:
    with tenant(shop.tenant_id):
        seen = imports.preview(import_id)
    columns = {str(column.target): column.index for column in seen.columns if column.target}
    chosen = (options or seen.options).stored()
    return imports.start_import(
        tenant_id=shop.tenant_id, import_id=import_id, columns=columns, chosen=chosen, actor_id=None
    )


def run(shop: Shop, file: Path, options: Options | None = None) -> ImportResult:
    """Import a file to its end."""
    import_id, job_id = start(shop, file, options)
    assert jobs.run(shop.tenant_id, job_id), failure(shop, job_id)
    return outcome(shop, import_id)


def outcome(shop: Shop, import_id: int) -> ImportResult:
    with tenant(shop.tenant_id):
        return result(import_id)


def failure(shop: Shop, job_id: int) -> str:
    with tenant(shop.tenant_id):
        return str(Job.objects.get(id=job_id).error)


def expire_lease(shop: Shop, job_id: int) -> None:
    """What 20 seconds would do."""
    with tenant(shop.tenant_id):
        db.execute(
            "UPDATE core_job SET lease_until = clock_timestamp() - interval '1 s' WHERE tenant_id = %s AND id = %s",
            shop.tenant_id,
            job_id,
        )


def snapshot(shop: Shop) -> dict[str, Any]:
    """What the tables say, without ids and times."""
    with tenant(shop.tenant_id):
        lines = OrderLine.objects.values_list("order__number", "order__status", "source_row", "quantity")
        problems = ImportProblem.objects.exclude(code="").values_list("row_number", "code", "units", "stops")
        stock = db.rows(
            "SELECT s.code, l.code, sum(b.on_hand) FROM inventory_balance b JOIN inventory_sku s ON s.id = b.sku_id"
            " JOIN inventory_lot l ON l.id = b.lot_id WHERE b.tenant_id = %s GROUP BY 1, 2 ORDER BY 1, 2",
            shop.tenant_id,
        )
        return {"lines": sorted(lines), "problems": sorted(problems), "stock": stock}
