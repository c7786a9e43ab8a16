"""script/bench fresh_pages: pages of stock right after a mass load, before PostgreSQL has looked at the new rows.

Merchants with more and more balances in one database that nobody analyses: autovacuum is off for every table.  `--statistics never`: no
table was ever looked at.  `--statistics stale`: they were looked at while there was one merchant with a few rows, so that the planner
believes of every later merchant that it has one row.  Each page is asked ROUNDS times; the figure is the median of the time alone on the
cores.  The last line is one JSON object: balances -> page -> `ms`, `most_ms`, `statements`.
"""

import argparse
import html
import json
import logging
import re
import statistics as numbers
from collections.abc import Iterator
from itertools import chain

import django

django.setup()

from bench.pages import Shop, statements
from bench.rig import Clock, admin
from core import db

SEED = 200
SIZES = (5_000, 20_000, 100_000)
LIMIT_MS = 300
HOPELESS_MS = 3_000
BALANCES = (
    "", "facility={facility}", "sort=-sku", "sort=expires", "sort=-expires", "facility={facility}&sort=bin",
    "facility={facility}&sort=-bin", "facility={facility}&sort=expires", "q=S0000", "q=S0000&facility={facility}", "sku={sku}",
    "lot=L000003", "zone=Z02&facility={facility}", "kind=1", "kind=3&sort=expires", "state=sells", "state=held", "state=expired",
    "state=elsewhere", "state=held&sort=expires", "state=held&facility={facility}&sort=-bin", "state=expired&facility={facility}",
    "kind=7", "zone=nowhere", "empty=1",
)  # fmt: skip
LOTS = (
    "", "facility={facility}", "sort=-expires", "sort=code", "q=S0000", "lot=L0000", "state=sells", "state=near", "state=expired",
    "state=held", "state=held&facility={facility}", "state=held&sort=-code", "empty=1",
)  # fmt: skip
KINDS = ("EXPIRED", "NEAR_EXPIRY", "SELLING_OUT", "LOW_STOCK", "AGEING")
WALK = ("after", "after", "before")  # pages that are asked for one after another from the first


def paths() -> Iterator[str]:
    yield "/stock/"
    yield "/stock/?facility={facility}"
    yield "/stock/?only=problems"
    yield from (f"/stock/balances/?{query}" for query in BALANCES)
    yield from (f"/stock/lots/?{query}" for query in LOTS)
    yield "/stock/{sku}/"
    yield "/stock/{sku}/ledger/"
    yield "/stock/lots/{lot}/ledger/"
    yield "/stock/bins/{bin}/ledger/"
    yield "/stock/{sku}/moves/"
    yield from (f"/stock/warnings/?kind={kind}" for kind in KINDS)
    yield "/stock/warnings/?kind=NEAR_EXPIRY&facility={facility}&sort=money"
    yield "/stock/warnings/counts/"
    for query in ("", "?facility={facility}", "?sku={sku}", "?lot={lot}", "?bin={bin}"):
        yield f"/api/v1/balances/{query}"
    yield "/api/v1/lots/"
    yield "/api/v1/lots/?sku={sku}"
    yield "/api/v1/moves/"
    yield from (f"/api/v1/stock-warnings/?kind={kind}" for kind in KINDS)


def measure(shop: Shop, page: str, rounds: int) -> dict[str, float | int]:
    """The median and the slowest, after one that warms caches up; of a page that takes seconds, that one."""
    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    clock = Clock(backend)
    with clock.stage("page"):
        count = statements(shop, page)
    spent = [clock.alone["page"] * 1e3]
    if spent[0] < HOPELESS_MS:
        spent = []
        for _ in range(rounds):
            clock = Clock(backend)
            with clock.stage("page"):
                shop.ask(page)
            spent.append(clock.alone["page"] * 1e3)
    return {
        "ms": round(numbers.median(spent), 1),
        "most_ms": round(max(spent), 1),
        "statements": count,
    }


def later(shop: Shop, page: str) -> Iterator[str]:
    """The addresses of the pages after this one, as its pager gives them, forwards and back."""
    path = page
    for word in WALK:
        text = shop.client.get(shop.path(path)).content.decode()
        way = re.search(rf'href="(\?[^"]*\b{word}=[^"]*)"', text)
        if way is None:
            return
        path = f"{page.partition('?')[0]}{html.unescape(way[1])}"
        yield path


def stop_looking(analyse: bool) -> None:
    """Autovacuum off for every table; with `analyse` everything is looked at once."""
    with admin().cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE tableowner <> current_user"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
        if analyse:
            cursor.execute("ANALYZE")


def main() -> None:
    parser = argparse.ArgumentParser(prog="script/bench fresh_pages", description=__doc__)
    parser.add_argument("--statistics", choices=("never", "stale"), default="stale")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="pages that have this in their address")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    stop_looking(analyse=False)
    if asked.statistics == "stale":
        Shop("bench-seed", SEED)
        stop_looking(analyse=True)
    found: dict[int, dict[str, dict[str, float | int]]] = {}
    for size in asked.sizes:
        shop = Shop(f"bench-{size}", size)
        seen = found[size] = {}
        for page in paths():
            if asked.only not in page:
                continue
            for number, path in enumerate(chain([page], later(shop, page))):
                name = f"{page}{f' ({number})' if number else ''}"
                seen[name] = measure(shop, path, asked.rounds)
                mark = (
                    ""
                    if seen[name]["ms"] <= LIMIT_MS and seen[name]["statements"] <= 12
                    else "  <-- too much"
                )
                print(f"{size:>7} {name:60} {seen[name]}{mark}", flush=True)
                if seen[name]["ms"] > HOPELESS_MS:
                    break
    print(json.dumps({"statistics": asked.statistics, "pages": found}))


if __name__ == "__main__":
    main()
