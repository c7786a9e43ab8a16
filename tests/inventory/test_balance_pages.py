"""The list of balances: filters, sorts, and what it costs when there are many."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from core import clock, db
from core.accounts import Role
from core.tenancy import tenant
from tests import builders as make
from tests.inventory.many import Many, load
from tests.warehouse.people import sign_in
from tests.warehouse.scene import Scene, make_scene

QUERIES = (
    "", "sort=-sku", "facility={facility}&sort=bin", "sort=expires", "sort=-expires", "facility={facility}", "facility={facility}&zone=Z02",
    "kind=1", "sku={sku}", "q=S000", "lot=L000003", "bin=B000004", "state=held", "state=expired", "state=sells",
    "state=elsewhere", "empty=1",
)  # fmt: skip


class Note:
    """Statements with their values in them."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        answer = execute(sql, params, many, context)
        self.seen.append(context["cursor"].cursor.query.decode())
        return answer


def ask(client: Client, path: str) -> tuple[Any, list[str]]:
    with connection.execute_wrapper(note := Note()):
        answer = client.get(path)
    assert answer.status_code == 200, path
    return answer, note.seen


@pytest.fixture(scope="module")
def shops(database: object) -> list[tuple[Client, Many, int]]:
    """A merchant with two hundred balances and one with five thousand."""
    from tests.conftest import fresh_tenant

    made = []
    for balances in (200, 5_000):
        tenant_id = fresh_tenant()
        with tenant(tenant_id):
            many = load(balances)
        made.append((sign_in(tenant_id, Role.OWNER), many, tenant_id))
    db.rows(
        "SELECT core_refresh_statistics()"
    )  # as a job does that loads much; autovacuum would come within a minute
    return made


@pytest.mark.parametrize("query", QUERIES)
def test_the_same_statements_for_few_and_many(shops: list[tuple[Client, Many, int]], query: str) -> None:
    counts = []
    for client, many, _tenant_id in shops:
        path = "/stock/balances/?" + query.format(facility=many.facilities[0], sku=many.skus[1])
        client.get(path)
        counts.append(len(ask(client, path)[1]))
    assert counts[0] == counts[1] <= 12


@pytest.mark.parametrize(
    "query",
    ["", "sort=-sku", "facility={facility}&sort=bin", "sort=expires", "facility={facility}", "state=sells"],
)
def test_a_page_starts_from_an_index(shops: list[tuple[Client, Many, int]], query: str) -> None:
    """As the app role, sequential scans forbidden: what remains must be index scans, and the goods come in their order."""
    client, many, tenant_id = shops[1]
    path = "/stock/balances/?" + query.format(facility=many.facilities[0])
    _answer, seen = ask(client, path)
    (page,) = [sql for sql in seen if "LIMIT 51" in sql]
    with tenant(tenant_id), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (COSTS OFF) {page.replace('%', '%%')}")
        plan = [line for (line,) in cursor.fetchall()]
    assert not [line for line in plan if "Seq Scan" in line], "\n".join(plan)


def test_pages_join_without_gap(shops: list[tuple[Client, Many, int]]) -> None:
    client, many, _tenant_id = shops[0]
    for sort, least in (("sku", 200), (f"-bin&facility={many.facilities[0]}", 50), ("expires", 200)):
        seen, path = [], f"/stock/balances/?sort={sort}"
        while path:
            page = client.get(path).context["page"]
            seen += [row.id for row in page.rows]
            path = page.next and f"/stock/balances/{page.next}"
        assert least <= len(seen) == len(set(seen)) <= 200


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


def test_filters_say_what_they_mean(scene: Scene) -> None:
    keeper = sign_in(scene.tenant_id, Role.WAREHOUSE)

    def lots(query: str) -> list[str]:
        return sorted(row[0].lot.code for row in keeper.get(f"/stock/balances/?{query}").context["rows"])

    assert lots("") == ["M-100", "M-400", "M-400", "M-NEW", "M-OLD", "T-1"]
    assert lots("kind=1") == ["M-400"]
    assert lots("q=TEA") == lots(f"sku={scene.tea}") == lots("lot=T-1") == lots("bin=A-03") == ["T-1"]
    assert lots("state=expired") == ["M-OLD"]
    assert lots("state=elsewhere") == ["M-NEW"]
    assert lots("state=held") == []
    assert lots("state=sells") == ["M-100", "M-400", "M-400", "T-1"]
    assert lots("state=x&kind=x&sku=x&zone=%00") == lots("")
    page = re.sub(r"\s+", " ", keeper.get("/stock/balances/?zone=nowhere").content.decode())
    assert "没有这样的货" in page


def test_more_units_than_32_bits_count_are_shown(tenant_id: int) -> None:
    """Somebody counted grams, twice: two bins are full, and their sum is a number like any other."""
    with tenant(tenant_id):
        facility, sku = make.make_facility(), make.make_sku()
        lots = [
            make.make_stock(make.make_bin(facility), sku, 2**31 - 1, lot="L", expires_on=clock.today())
            for _ in range(2)
        ]
    client = sign_in(tenant_id, Role.OWNER)
    for path in (
        "/stock/", f"/stock/{sku}/", f"/stock/{sku}/ledger/", f"/stock/lots/{lots[0]}/ledger/", "/stock/balances/",
        "/stock/places/", "/stock/warnings/?kind=NEAR_EXPIRY", "/stock/warnings/?kind=SELLING_OUT",
    ):  # fmt: skip
        assert client.get(path).status_code == 200, path
    assert "4,294,967,294" in client.get("/stock/").content.decode()
