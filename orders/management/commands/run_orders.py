"""manage.py run_orders: the main job, from an order file to everything shipped that can be."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import db, jobs, relay
from core.errors import ERPError
from core.models import Job
from core.models.jobs import UNFINISHED, JobStatus
from core.services.tenants import find_tenant_id
from core.sheets.reading import inspect, open_table
from core.tenancy import current_tenant, tenant
from orders.demo.seed import HOME, MAIN_CHANNEL, make_export
from orders.importing.presets import find_preset
from orders.services import fulfil, imports
from orders.services.channels import find_channel_id
from orders.services.import_known import get_import
from orders.services.import_results import ImportResult, result

WHOLESALE = "northgate"
POLL_S = 0.5
ALONE_AFTER_S = 3.0  # no worker took the job: do it here


@dataclass(slots=True)
class Watch:
    """One job as it is followed."""

    tenant_id: int
    job_id: int
    said: tuple[str, int] = ("", -1)


class Command(BaseCommand):
    help = "Imports an order file and carries every order as far as a machine can.  The last line is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--orders", type=Path, default=None, help="the file (default: the demo's own export)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        path = options["orders"] or make_export()
        try:
            tenant_id, import_id = self._register(path)
            self._import(tenant_id, import_id)
            self._fulfil(tenant_id, import_id)
            with tenant(tenant_id):
                found = result(import_id)
        except ERPError as refusal:
            raise CommandError(refusal.message) from refusal
        self._print_defaults(found)
        self.stdout.write(json.dumps(_summary(found, time.monotonic() - started)))
        if found.difference:
            raise CommandError(f"units do not close: {found.difference}")

    def _register(self, path: Path) -> tuple[int, int]:
        """The merchant and channel that this layout belongs to, and the import; the same file is the same import."""
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        preset = find_preset(open_table(inspect(path)).header)
        slug, code = (WHOLESALE, preset.channel.code) if preset else (HOME, MAIN_CHANNEL)
        tenant_id = find_tenant_id(slug)
        if tenant_id is None:
            raise CommandError(f"There is no merchant “{slug}”; run manage.py seed_demo first.")
        with tenant(tenant_id):
            channel_id = find_channel_id(code)
            if channel_id is None:
                raise CommandError(f"The merchant “{slug}” has no channel “{code}”.")
            return tenant_id, imports.register(tenant_id=tenant_id, channel_id=channel_id, path=path)

    def _import(self, tenant_id: int, import_id: int) -> None:
        with tenant(tenant_id):
            job_id = get_import(import_id).job_id
            status = Job.objects.get(id=job_id).status if job_id else None
            if (
                status not in UNFINISHED
            ):  # a job that was killed is still unfinished and goes on at its cursor
                job_id = imports.start_recognised(tenant_id=tenant_id, import_id=import_id)
        self._follow(Watch(tenant_id, job_id or 0), "import")

    def _fulfil(self, tenant_id: int, import_id: int) -> None:
        with tenant(tenant_id):
            found = Job.objects.filter(kind=fulfil.KIND, status__in=UNFINISHED).order_by("id").first()
            job_id = found.id if found else fulfil.start(facility_id=_facility_of(import_id), actor_id=None)
        self._follow(Watch(tenant_id, job_id), "fulfil")
        relay.deliver(tenant_id)

    def _follow(self, watch: Watch, name: str) -> None:
        """Wait for the job, saying its progress; where no worker is alive it is done here."""
        waited_since = time.monotonic()
        while True:
            with tenant(watch.tenant_id):
                job = Job.objects.get(id=watch.job_id)
            if (job.status, job.rows_done) != watch.said:
                watch.said = job.status, job.rows_done
                waited_since = time.monotonic()
                rows = f"{job.rows_done:,}/{job.rows_total or 0:,} rows, {job.rows_failed:,} set aside"
                self.stderr.write(f"{name}: {job.status.lower()} {rows}")
            if job.status == JobStatus.DONE:
                return
            if job.status == JobStatus.PAUSED:
                raise CommandError(f"{name}: somebody paused it; resume it on the page of the job.")
            if job.status not in UNFINISHED:
                raise CommandError(f"{name}: {job.error or job.status.lower()}")
            if time.monotonic() - waited_since > ALONE_AFTER_S:
                jobs.run(watch.tenant_id, watch.job_id)
                waited_since = time.monotonic()
            time.sleep(POLL_S)

    def _print_defaults(self, found: ImportResult) -> None:
        if not found.defaults.get("skus"):
            return
        d = found.defaults
        self.stderr.write(
            f"Defaulted: {d['skus']:,} unknown codes became SKUs of {d['weight_g']} g, {'×'.join(map(str, d['size_mm']))} mm, rule"
            f" {d['parcel_rule']}, shelf life {d['shelf_life_days']} days; opening stock of {d['units']:,} units in {d['lots']:,} lots"
            f" (what the file asks for and {d['margin_percent']} %)."
        )


def _facility_of(import_id: int) -> int:
    found = db.rows(
        "SELECT c.facility_id FROM orders_import i JOIN orders_channel c ON c.tenant_id = i.tenant_id AND c.id = i.channel_id"
        " WHERE i.tenant_id = %s AND i.id = %s",
        current_tenant(),
        import_id,
    )
    return int(found[0][0])


def _summary(found: ImportResult, seconds: float) -> dict[str, Any]:
    return {
        "orders": found.orders,
        "parcels": found.parcels,
        "shipped_units": found.shipped_units,
        "problem_units": found.problem_units,
        "input_units": found.input_units,
        "seconds": round(seconds, 1),
        "shipped_orders": found.shipped_orders,
        "stopped_orders": found.stopped_orders,
        "problem_rows": found.problems,
        "rows": found.rows,
    }
