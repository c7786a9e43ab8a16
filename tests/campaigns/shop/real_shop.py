"""A real shop as a process of its own, in an environment of its own; and a buyer and a member of staff who use it over HTTP."""

import http.cookiejar
import json
import os
import secrets
import signal
import subprocess
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from script.house.processes import spawn, stop
from script.house.setup_env import PYTHON, ROOT, install_environment, run, uv

LOCK = Path(__file__).parent / "requirements.txt"
MODULE = "tests.campaigns.shop.mall.run"
START_S = 120.0


@dataclass
class RealShop:
    """`api` is what a merchant types as the shop's address."""

    api: str
    user: str
    password: str
    command: list[str | Path]
    env: dict[str, str]
    jar: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def ask(self, path: str, said: object = None, *, is_staff: bool = False) -> Any:
        """GET, or POST of what is said, as the buyer or as staff."""
        body = None if said is None else json.dumps(said).encode()
        request = urllib.request.Request(self.api + path, body, {"Content-Type": "application/json"})
        hands = [] if is_staff else [urllib.request.HTTPCookieProcessor(self.jar)]
        if is_staff:
            given = b64encode(f"{self.user}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {given}")
        with urllib.request.build_opener(*hands).open(request, timeout=30) as answer:
            return json.load(answer)

    def buy(self, basket: Mapping[str, int]) -> dict[str, Any]:
        """What a buyer does: products into the basket, then the checkout; the order as the shop shows it."""
        products = {row["title"]: row["url"] for row in self.ask("products/")["results"]}
        for title, units in basket.items():
            self.ask("basket/add-product/", {"url": products[title], "quantity": units})
        address = {
            "country": f"{self.api}countries/CN/",
            "first_name": "雷",
            "last_name": "李",
            "line1": "天钥桥路 1 号",
            "line3": "徐汇区",
            "line4": "上海市",
            "state": "上海市",
            "postcode": "200030",
            "phone_number": "+8613800002046",
        }
        said = {
            "basket": self.ask("basket/")["url"],
            "guest_email": "li@example.com",
            "shipping_address": address,
        }
        placed: dict[str, Any] = self.ask("checkout/", said)
        return placed

    def order(self, number: str) -> dict[str, Any]:
        """As the stock API shows it to staff."""
        found = [
            row for row in self.ask("admin/orders/", is_staff=True)["results"] if row["number"] == number
        ]
        return dict(found[0])

    def cancel(self, number: str) -> None:
        """Staff cancels it there."""
        run([*self.command, "cancel", number], "Cancelling in the shop", self.env)

    def shipments(self, number: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask(f"admin/shipments/?order={number}", is_staff=True)["shipments"]
        return rows


@contextmanager
def running(state: Path) -> Iterator[RealShop]:
    """The shop, filled and serving; ended at the end.  `state`: the folder of this run, which marks its processes."""
    folder = state / "mall"
    folder.mkdir()
    python, password = _environment(folder), secrets.token_urlsafe(12)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONWARNINGS": "ignore",
        "PYTHONDONTWRITEBYTECODE": "1",
        "MALL_FOLDER": str(folder),
        "MALL_SECRET": secrets.token_urlsafe(40),
        "MALL_PASSWORD": password,
    }
    command: list[str | Path] = [python, "-m", MODULE]
    run([*command, "fill"], "Filling the shop", env)
    log = folder / "log"
    process = spawn([*command, "serve"], owner=state, env=env, log=log, folder=ROOT)
    try:
        yield RealShop(f"http://127.0.0.1:{_port(process, log)}/api/", "erp", password, command, env)
    finally:
        stop(process, [(signal.SIGTERM, 5.0)])


def _environment(folder: Path) -> Path:
    """The shop's own packages, from their hashed lock; its Python."""
    env, place = install_environment(), folder / "venv"
    program = uv(env)
    run([program, "venv", "--quiet", "--python", PYTHON, place], "Making the shop's environment", env)
    python = place / "bin" / "python"
    install: list[str | Path] = [program, "pip", "sync", "--quiet", "--python", python, "--require-hashes"]
    run([*install, LOCK], "Installing the shop", env)
    return python


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        lines = log.read_text().splitlines()
        if found := [line for line in lines if line.startswith("port ")]:
            return int(found[0].removeprefix("port "))
        time.sleep(0.1)
    raise RuntimeError(f"The shop did not start:\n{log.read_text()[-3000:]}")
