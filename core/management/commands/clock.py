"""manage.py clock: deadlines on time, facts delivered, jobs resumed.  Needs PostgreSQL only; two may run."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from prometheus_client import start_http_server

from core import clockwork

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Moves what is due and nudges the workers, until it is told to stop."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then exit")
        parser.add_argument(
            "--deliver-after", type=float, default=clockwork.AWAY_S, metavar="SECONDS",
            help="deliver facts here when no worker took them for so long (default %(default)s)",
        )  # fmt: skip
        parser.add_argument("--metrics-port", type=int, metavar="PORT", help="serve Prometheus metrics there")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            clockwork.run_once(away_s=options["deliver_after"])
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        if options["metrics_port"]:
            start_http_server(options["metrics_port"])
        log.info("the clock runs")
        clockwork.run(stop, away_s=options["deliver_after"])
        log.info("the clock stopped")
