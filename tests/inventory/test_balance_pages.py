"""The list of balances: filters, sorts, and what it costs when there are many."""

import os
import re
from datetime import date
from typing import Any

import psycopg2
import pytest
from django.db import connection
from django.test import Client

from core import clock, db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Balance, Hold, Lot
from inventory.queries.balances import Wanted, list_balance_page, list_groups
from inventory.queries.walking import BY_SKU, Step
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
    few, large = counts
    assert few <= large <= few + 1 <= 12  # one more where the first rows in order are not what is looked for


PAGE_BLOCKS = 12_000  # eight kilobytes each; of a page that walks a table for every row it is millions


@pytest.fixture(scope="module")
def fresh_shop(database: object) -> tuple[Client, Many, int]:
    """Five thousand balances that the planner has not seen: it looked when nobody had more than twenty."""
    from tests.conftest import fresh_tenant

    with tenant(fresh_tenant()):
        load(20)
    with psycopg2.connect(os.environ["DATABASE_OWNER_URL"]) as owner, owner.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE tableowner = current_user AND tablename LIKE 'inventory_%'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
            cursor.execute(f"ANALYZE {table}")
    tenant_id = fresh_tenant()
    with tenant(tenant_id):
        many = load(5_000)
    return sign_in(tenant_id, Role.OWNER), many, tenant_id


@pytest.mark.parametrize(
    "query", [*QUERIES, "kind=7", "state=held&sort=-expires", "facility={facility}&sort=bin&state=held"]
)
def test_missing_statistics_cost_nothing(fresh_shop: tuple[Client, Many, int], query: str) -> None:
    """What a page reads is counted in blocks of the database, which no busy machine changes."""
    client, many, tenant_id = fresh_shop
    path = "/stock/balances/?" + query.format(facility=many.facilities[0], sku=many.skus[1])
    answer, seen = ask(client, path)
    later = [ask(client, "/stock/balances/" + way)[1] for way in [answer.context["page"].next] if way]
    with tenant(tenant_id):
        blocks = sum(map(blocks_read, [*seen, *(sql for page in later for sql in page)]))
    assert blocks < PAGE_BLOCKS * (1 + len(later))


def blocks_read(statement: str) -> int:
    if not statement.lstrip().startswith(("SELECT", "WITH")):
        return 0
    ((plan,),) = db.rows(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    return int(plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"])


@pytest.mark.parametrize("group", ["sells", "held", "expired", "elsewhere"])
def test_a_list_of_a_group_is_what_the_groups_say(tenant_id: int, group: str) -> None:
    """Holds of every scope: the conditions of a list and the group of each row come from different statements."""
    with tenant(tenant_id):
        many = load(200)
        there = Balance.objects.order_by("id")[60]
        scopes = (
            {"facility": there.facility_id, "bin": there.bin_id}, {"bin": there.bin_id + 2},
            {"lot": there.lot_id, "bin": there.bin_id}, {"lot": there.lot_id, "facility": there.facility_id},
        )  # fmt: skip
        for scope in scopes:
            names = ["id", "kind", "document", "reason", *scope]
            db.insert(Hold, names, [(db.new_id(), "HELD", "D", "抽检", *scope.values())])
        everything = list_balance_page(Wanted(many.facilities), BY_SKU, Step(True, False, None, 1_000))
        groups = list_groups(everything)
        listed = list_balance_page(
            Wanted(many.facilities, group=group), BY_SKU, Step(True, False, None, 1_000)
        )
        assert len(everything) == 200
        assert [row.id for row in listed] == [row.id for row in everything if groups[row.id] == group]
        assert listed


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


WALKS = ("sku", "-sku", "bin", "-bin", "expires", "-expires")


@pytest.mark.parametrize("sort", WALKS)
@pytest.mark.parametrize("state", ["", "elsewhere"])
def test_pages_join_without_gap_both_ways(
    shops: list[tuple[Client, Many, int]], sort: str, state: str
) -> None:
    client, many, tenant_id = shops[1 if state else 0]
    with tenant(tenant_id):  # the last lots never expire
        Lot.objects.filter(id__in=many.lots[-9:]).update(expires_on=None)
    path = f"/stock/balances/?sort={sort}&facility={many.facilities[1]}&state={state}"
    pages, last = [], ""
    while path:
        page = client.get(path).context["page"]
        pages.append([row.id for row in page.rows])
        rows = sorted(page.rows, key=KEYS[sort.removeprefix("-")], reverse=sort.startswith("-"))
        rows.sort(
            key=lambda row: "expires" in sort and row.lot.expires_on is None
        )  # unknown comes last, both ways
        assert [row.id for row in rows] == pages[-1]
        path, last = page.next and f"/stock/balances/{page.next}", page.previous
    ids = [id_ for page in pages for id_ in page]
    assert 51 <= len(ids) == len(set(ids))
    back = []
    while last:
        page = client.get(f"/stock/balances/{last}").context["page"]
        back.append([row.id for row in page.rows])
        last = page.previous
    assert [id_ for page in back[::-1] for id_ in page] == [id_ for page in pages[:-1] for id_ in page]


KEYS: dict[str, Any] = {
    "sku": lambda row: (row.sku.code, row.id),
    "bin": lambda row: (row.bin.code, row.id),
    "expires": lambda row: (row.lot.expires_on is None, row.lot.expires_on or date.min, row.lot_id, row.id),
}


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
