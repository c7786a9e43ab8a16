"""Bulk fulfilment as a job: waves, picks, shipment, for everything that is planned at one facility.

For goods that leave by the pallet and for the demo: who runs it says that everything was picked as planned.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from core import db, jobs, relay
from core.jobs import JobRun
from core.services import accounts
from core.tenancy import current_tenant
from warehouse.models import ParcelStatus
from warehouse.services import floor, waves

KIND = "orders.fulfil"
PARCELS_A_STEP = 4_000

PLANNED = "SELECT count(*)::int FROM warehouse_parcel WHERE tenant_id = %s AND facility_id = %s AND wave_id IS NULL AND status = %s"


def start(*, facility_id: int, actor_id: int | None) -> int:
    """Queue the job in the open transaction; returns its id."""
    job_id = jobs.start(KIND, _("波次到发货，一次做完"), {"facility_id": facility_id}, created_by=actor_id)
    accounts.record("fulfil", "facility", facility_id, actor_id=actor_id, detail={"job_id": job_id})
    return job_id


def run(job: JobRun) -> Mapping[str, Any]:
    """Release, pick and ship in steps, each its own transaction whose cursor says what comes next; killed anywhere, it goes on there."""
    facility_id = int(job.params["facility_id"])
    with job.chunk() as chunk:
        if chunk.rows_total is None:
            chunk.rows_total = db.rows(PLANNED, current_tenant(), facility_id, int(ParcelStatus.PLANNED))[0][
                0
            ]
    shipped = held = units = 0
    while _step(job, facility_id):
        relay.deliver(job.tenant_id)
    with job.chunk() as chunk:
        shipped, held, units = (int(chunk.cursor.get(name, 0)) for name in ("shipped", "held", "units"))
    return {"parcels": shipped, "held": held, "units": units}


def _step(job: JobRun, facility_id: int) -> bool:
    with job.chunk() as chunk:
        wave_ids = chunk.cursor.get("wave_ids") or []
        stage = chunk.cursor.get("stage", "release")
        if stage == "release":
            made = waves.release(
                facility_id=facility_id, limit=PARCELS_A_STEP, bulk_tote=waves.get_bulk_tote(facility_id)
            )
            # Parcels short again were told of before, and nobody could deal with them yet: asking on will not help.
            is_news = bool(set(made.short) - set(chunk.cursor.get("short") or []))
            stage = "pick" if made.wave_ids else "release"
            chunk.cursor.update(wave_ids=list(made.wave_ids), short=list(made.short), stage=stage)
            return bool(made.wave_ids) or is_news
        if stage == "pick":
            picked = floor.confirm_picks(wave_ids=wave_ids)
            chunk.cursor.update(stage="ship", held=int(chunk.cursor.get("held", 0)) + len(picked.held))
            return True
        done = floor.ship(wave_ids=wave_ids)
        chunk.advance(done=len(done.parcel_ids), failed=len(done.held))
        chunk.cursor.update(
            stage="release",
            wave_ids=[],
            shipped=int(chunk.cursor.get("shipped", 0)) + len(done.parcel_ids),
            units=int(chunk.cursor.get("units", 0)) + done.units,
        )
        return True
