"""script/bench demo_day: a day of 10,000 dirty orders, and a scripted operator who clears what stands still, in a real Chromium.

The running system is the web process as script/up runs it.  Every action of the operator is counted in the browser and printed; what
cannot be cleared waits for goods or for its buyer, and is noted in bulk.  The last line is one JSON object.
"""

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

django.setup()

from django.db import connections
from playwright.sync_api import Page, sync_playwright

from bench._operator import WAITS, Operator
from core import clock
from core.accounts import Role
from core.invariants import prove
from core.services import accounts
from core.tenancy import tenant
from orders.demo.day import DayShop, count, make_day, open_shop, run_day
from orders.models import Finding, Order, OrderStatus
from script.house.browser import find_chromium
from script.house.embedded import wait_until
from script.house.processes import spawn, stop
from script.house.servers import free_port

MOST_ACTIONS, LEAST_PERCENT = 60, 90
PASSWORD = "busy day at the desk"  # noqa: S105  of an invented person in a database that is thrown away
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
]


@contextmanager
def web() -> Iterator[str]:
    """The web process on a port of its own."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        gunicorn = Path(sys.executable).with_name("gunicorn")
        command: list[str | Path] = [
            gunicorn,
            "--no-control-socket",
            "--bind",
            f"127.0.0.1:{port}",
            "-k",
            "gthread",
            "--threads",
            "8",
            "erp.wsgi",
        ]
        process = spawn(
            command,
            owner=Path(folder),
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "erp.settings"},
            log=Path(folder, "web.log"),
            folder=Path(__file__).resolve().parents[1],
        )
        try:
            url = f"http://localhost:{port}"
            if not wait_until(lambda: _answers(url), 60, lambda: process.poll() is None):
                raise SystemExit(
                    f"The web process does not answer:\n{Path(folder, 'web.log').read_text()[-3000:]}"
                )
            yield url
        finally:
            stop(process, [(signal.SIGTERM, 8.0), (signal.SIGKILL, 2.0)])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310  our own process
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@contextmanager
def browser_page() -> Iterator[Page]:
    program = find_chromium()
    if program is None:
        raise SystemExit("Chromium is not installed (apt-get install chromium fonts-noto-cjk).")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
        "true"  # the browser's interface runs an event loop in this thread
    )
    connections.close_all()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=FLAGS)
        context = chromium.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
        )
        context.set_default_timeout(60_000)
        yield context.new_page()
        chromium.close()


def why_stopped(shop: DayShop) -> Counter[str]:
    """Open findings of the orders that stand still."""
    with tenant(shop.tenant_id):
        stopped = Order.objects.filter(status=OrderStatus.STOPPED).values("id")
        found = Finding.objects.filter(order__in=stopped, stops=True, cleared_at__isnull=True)
        return Counter(found.values_list("code", flat=True))


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench demo_day", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    shop = open_shop("bench-day", asked.orders)
    with tenant(shop.tenant_id):
        now = clock.now()
        accounts.join(
            user_id=accounts.create_user(username="desk", name="陈一鸣", password=PASSWORD),
            role=Role.OPERATOR,
        )
    day = make_day(asked.orders, now)
    began = time.monotonic()
    before = run_day(shop, day)
    taken_s = time.monotonic() - began
    print(
        f"taken by the machine in {taken_s:.1f} s: {before}; stopped by {dict(why_stopped(shop))}", flush=True
    )
    began = time.monotonic()
    with web() as url, browser_page() as page:
        operator = Operator(page, url)
        operator.sign_in("desk", PASSWORD)
        operator.clear_the_desk()
    for number, action in enumerate(operator.did, 1):
        print(f"{number:>3} {action}")
    with tenant(shop.tenant_id):
        ids = list(Order.objects.values_list("id", flat=True))
        notes = Counter(Order.objects.filter(status=OrderStatus.STOPPED).values_list("note", flat=True))
    after = count(shop, ids)
    broken = [law.name for law in prove(shop.tenant_id)]
    answer = {
        "orders": before.orders,
        "untouched_percent": before.untouched_percent,
        "cancelled_by_machine": before.cancelled,
        "stopped_at_first": before.stopped,
        "actions": len(operator.did),
        "cleared": before.stopped - after.stopped,
        "waiting": dict(notes),
        "seconds": round(taken_s, 1),
        "operator_seconds": round(time.monotonic() - began, 1),
        "broken_laws": broken,
    }
    print(json.dumps(answer, ensure_ascii=False))
    is_good = (
        before.untouched_percent >= LEAST_PERCENT
        and len(operator.did) <= MOST_ACTIONS
        and set(notes) <= set(WAITS.values())
        and not broken
    )
    if not is_good:
        raise SystemExit("missed")


if __name__ == "__main__":
    main()
