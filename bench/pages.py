"""script/bench pages: what a page of stock costs a merchant with many balances, next to one with few.

Two merchants in one database, BALANCES balances and a hundredth of them (at least 1,000), each SKU with as many lots, bins and moves here
as there.  Every page is asked of both in turn, ROUNDS times, over one connection; the figure is the ratio of the medians of the time
alone on the cores.  The last line is one JSON object: for each page `ratio`, `statements`, and the two medians in milliseconds.
"""

import argparse
import json
import logging
import statistics
from typing import Any

import django

django.setup()

from django.db import connection
from django.test import Client

from bench.rig import Clock, admin
from core import db
from core.accounts import Role
from core.api.authentication import make_key
from core.services import accounts
from core.services.tenants import create_tenant
from core.tenancy import tenant
from tests.inventory.many import Many, load

SMALL = 1_000
PASSWORD = "correct horse battery"  # noqa: S105  of a merchant who is gone when this ends
PAGES = (
    "/stock/", "/stock/?facility={facility}", "/stock/?q=S0000", "/stock/balances/", "/stock/balances/?facility={facility}&sort=bin",
    "/stock/balances/?sort=expires", "/stock/balances/?facility={facility}", "/stock/balances/?state=sells",
    "/stock/{sku}/", "/stock/{sku}/ledger/", "/api/v1/balances/", "/api/v1/balances/?facility={facility}",
    "/api/v1/balances/?sku={sku}",
)  # fmt: skip


class Shop:
    """One merchant: a browser signed in as its owner, and a key."""

    def __init__(self, slug: str, balances: int) -> None:
        self.tenant_id = create_tenant(name=slug, slug=slug)
        with tenant(self.tenant_id):
            self.many: Many = load(balances)
            user_id = accounts.create_user(username=slug, name="王芳", password=PASSWORD)
            accounts.join(user_id=user_id, role=Role.OWNER)
            token = make_key(name="bench", scopes=["stock:read"])
        self.client = Client(HTTP_HOST="localhost", headers={"Authorization": f"Bearer {token}"})
        self.client.post("/signin/", {"username": slug, "password": PASSWORD})

    def path(self, page: str) -> str:
        many = self.many
        middle = {"sku": many.skus, "lot": many.lots, "bin": many.bins}
        return page.format(
            facility=many.facilities[0], **{name: ids[len(ids) // 2] for name, ids in middle.items()}
        )

    def ask(self, page: str) -> None:
        answer = self.client.get(self.path(page))
        if answer.status_code != 200:
            raise SystemExit(f"{self.path(page)}: {answer.status_code}")


def statements(shop: Shop, page: str) -> int:
    seen = 0

    def count(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        seen += 1
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        shop.ask(page)
    return seen


def measure(shops: list[Shop], page: str, rounds: int) -> dict[str, float | int]:
    """The two in turn; the first who is asked changes every round."""
    most = max(statements(shop, page) for shop in shops)
    seconds: dict[int, list[float]] = {shop.tenant_id: [] for shop in shops}
    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    for number in range(rounds):
        for shop in shops if number % 2 else shops[::-1]:
            clock = Clock(backend)
            with clock.stage("page"):
                shop.ask(page)
            seconds[shop.tenant_id].append(clock.alone["page"])
    few, many = (statistics.median(seconds[shop.tenant_id]) for shop in shops)
    return {
        "ratio": round(many / few, 2),
        "statements": most,
        "few_ms": round(few * 1e3, 1),
        "many_ms": round(many * 1e3, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench pages", description=__doc__)
    parser.add_argument("--balances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    asked = parser.parse_args()
    if asked.rounds < 20:
        raise SystemExit("a median of fewer than 20 rounds says little")
    logging.disable(logging.WARNING)  # two lines a request, on both sides
    shops = [Shop("bench-few", SMALL), Shop("bench-many", asked.balances)]
    with admin().cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    found = {}
    for page in PAGES:
        found[page] = measure(shops, page, asked.rounds)
        print(f"{page:45} {found[page]}", flush=True)
    print(json.dumps({"balances": asked.balances, "small": SMALL, "pages": found}))


if __name__ == "__main__":
    main()
