"""Fixtures for tests of the running product: the real web and events processes, and a real browser."""

import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, expect, sync_playwright

from script.house.browser import TRIED, find_chromium
from script.house.embedded import last_lines, wait_until
from script.house.processes import spawn, stop
from script.house.roles import Urls
from script.house.servers import free_port
from script.house.site import process_env

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
CHROMIUM_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic", "--disable-dev-shm-usage",
]  # fmt: skip
PATIENCE_MS = 40_000  # more than the 30 s after which a page asks again for what a lost push told
expect.set_options(timeout=PATIENCE_MS)
STOP_SIGNALS = [(signal.SIGTERM, 8.0), (signal.SIGQUIT, 2.0)]


@dataclass(frozen=True)
class LiveSite:
    """The product over HTTP, working in this worker's database. Addresses end without a slash."""

    url: str
    events_url: str
    env: dict[str, str]
    log: Path


@pytest.fixture(scope="session")
def start_process(database: Urls) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process of the project for the rest of the session: `start_process(name, [program, …])`."""
    folder = Path(os.environ["ERP_TEST_RUN"])
    started: list[subprocess.Popen[bytes]] = []

    def start(
        name: str, command: list[str | Path], env: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        log = folder / "log" / f"{name}-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.log"
        full = process_env(name, os.environ | {"DJANGO_SETTINGS_MODULE": "erp.settings"} | (env or {}))
        process = spawn(command, owner=folder, env=full, log=log, folder=ROOT)
        started.append(process)
        return process

    yield start
    for process in reversed(started):
        stop(process, STOP_SIGNALS)


def answers(url: str) -> bool:
    """Whether an HTTP server answers there at all, whatever it says."""
    try:
        with urllib.request.urlopen(url, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


@pytest.fixture(scope="session")
def site(start_process: Callable[..., subprocess.Popen[bytes]]) -> LiveSite:
    """The web and the events process, as script/up runs them, on ports of their own."""
    port, events_port = free_port(), free_port()
    env = {"ERP_EVENTS_PORT": str(events_port)}
    gunicorn: list[str | Path] = [BIN / "gunicorn", "--no-control-socket", "--bind"]
    web = [*gunicorn, f"127.0.0.1:{port}", "-k", "gthread", "--threads", "8", "erp.wsgi"]
    events = [*gunicorn, f"127.0.0.1:{events_port}", "-k", "uvicorn_worker.UvicornWorker"]
    process = start_process("web", web, env)
    start_process("events", [*events, "erp.asgi:application"], env)
    log = Path(os.environ["ERP_TEST_RUN"], "log", f"web-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}.log")
    url = f"http://localhost:{port}"
    if not wait_until(lambda: answers(url), 60, lambda: process.poll() is None):
        pytest.fail(f"The web process does not answer:\n{last_lines(log, 40)}")
    return LiveSite(url, f"http://localhost:{events_port}", env, log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Skips, with the reason, where none is installed and none could be."""
    program = find_chromium()
    if program is None:
        pytest.skip(
            os.environ.get(TRIED) or "Chromium is not installed (apt-get install chromium fonts-noto-cjk)"
        )
    # The synchronous interface runs an event loop in this thread; Django would refuse to query beside it, and
    # keeps other connections while a loop runs. One left open here would be inherited by every later fork.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    connections.close_all()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page_errors() -> list[str]:
    """What the pages of this test complained about; a test that provokes an error clears it."""
    return []


def scripts_ready(page: Page, wanted: str = "Boolean(window.cf)") -> None:
    """Wait until the page's scripts have run; a key pressed before is lost.

    Asked from outside, again and again: Playwright's wait_for_function polls inside the page, with the eval that the policy forbids.
    """
    for _try in range(PATIENCE_MS // 50):
        if page.evaluate(wanted):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true on {page.url}: {wanted}")


def pass_a_moment(page: Page) -> None:
    """Longer than the gap between two keys of a scanner, on the page's own clock: a key pressed after it is a key of its own, and what
    the last one asked for has begun, however busy the page is.
    """
    try:
        page.evaluate("() => new Promise(done => setTimeout(done, 120))")
    except Error:
        page.wait_for_load_state()  # the key led to another page


@pytest.fixture
def page(browser: Browser, page_errors: list[str]) -> Iterator[Page]:
    """A page of its own with Chinese as its language. The test fails when a page reports an error."""
    context = browser.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            page_errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    opened.on("console", console)
    opened.on("pageerror", lambda error: page_errors.append(f"script: {error}"))
    yield opened
    context.close()
    assert not page_errors, "\n".join(page_errors)
