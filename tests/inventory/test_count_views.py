"""Pages of counts: who sees what, what the handheld is told, and that it never learns the book."""

import json
import re
from typing import Any

import pytest
from django.test import Client

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import Bin, BinKind, CountTask, Sku, StockCount
from inventory.services import catalogue, counts
from inventory.services.counts import CountScope
from tests import builders as make
from tests.steps import Do, count_statements
from tests.warehouse.people import sign_in


class Site:
    """10 of A in X-1; lots B (5) and C (3) of the same goods in X-2; X-3 is empty.  A store with its own bin."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        do = Do(tenant_id)
        self.facility = do(make.make_facility, code="WH")
        self.store = do(make.make_store)
        self.sku = do(make.make_sku, code="TEA-1", name="白茶", barcodes=["4006381333931"])
        self.other = do(make.make_sku, code="CUP-1", name="杯子")
        for code in ("X-0001", "X-0002", "X-0003"):
            do(make.make_bin, self.facility, code=code)
        bins = do(lambda: dict(Bin.objects.values_list("code", "id")))
        for lot, code, units in (("LOT-A", "X-0001", 10), ("LOT-B", "X-0002", 5), ("LOT-C", "X-0002", 3)):
            do(make.make_stock, bins[code], self.sku, units, lot=lot)
        do(lambda: Sku.objects.filter(id=self.sku).update(cost_minor=1250))
        self.bins = bins

    def count(self, facility: int | None = None, scope: CountScope = counts.ALL) -> int:
        facility = facility or self.facility
        made = Do(self.tenant_id)(counts.create_count, facility_id=facility, scope=scope, actor_id=None)
        return made.count_id

    def person(self, role: Role, *facilities: int) -> Client:
        return sign_in(self.tenant_id, role, facilities)


@pytest.fixture
def site(tenant_id: int) -> Site:
    return Site(tenant_id)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def post(client: Client, path: str, **values: object) -> Any:
    answer = client.post(path, {name: str(value) for name, value in values.items()})
    assert answer.status_code == 200, (path, answer.status_code, answer.content.decode()[:300])
    return answer.json()


def take(client: Client, count_id: int, bin_code: str = "") -> Any:
    return post(client, f"/counts/{count_id}/next/", bin=bin_code)


def hand_in(client: Client, task: Any, *lines: dict[str, object]) -> Any:
    return post(client, f"/counts/tasks/{task['id']}/", round=task["round"], lines=json.dumps(lines))


def line(site: Site, lot: str, quantity: int) -> dict[str, object]:
    return {"sku": site.sku, "lot": lot, "quantity": quantity, "expires_on": ""}


def test_a_count_is_made_with_what_was_asked(site: Site) -> None:
    person = site.person(Role.WAREHOUSE)
    form = text_of(person, "/counts/new/")
    assert "盘哪里" in form
    answer = person.post("/counts/new/", {"facility": site.facility, "name": "月底", "skus": "TEA-1"})
    assert answer.status_code == 302
    page = text_of(person, answer["Location"])
    assert "X-0001" in page
    assert "X-0003" not in page
    assert "2 个任务" in page
    assert "月底" in text_of(person, "/counts/")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"bins": "X-0001 NOPE"}, "没有：NOPE"),
        ({"skus": "NOPE"}, "没有：NOPE"),
        ({"days": "0"}, "不能小于 1"),
        ({"facility": "1"}, "没有这个选项"),
        ({"zones": "火星"}, "没有要盘的货位"),
    ],
)
def test_what_cannot_be_counted_is_said_at_its_field(site: Site, asked: dict[str, str], told: str) -> None:
    answer = site.person(Role.WAREHOUSE).post("/counts/new/", {"facility": site.facility} | asked)
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_the_handheld_walks_from_bin_to_bin(site: Site) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count()
    assert "data-count-hand" in person.get(f"/counts/{count_id}/hand/").content.decode()
    task = take(person, count_id)
    assert (task["kind"], task["bin"], task["round"], task["done"], task["total"]) == (
        "task",
        "X-0001",
        1,
        0,
        3,
    )
    assert take(person, count_id)["id"] == task["id"], "a reload shows the same"
    wrong = post(person, f"/counts/tasks/{task['id']}/arrive/", text="X-0002")
    assert (wrong["kind"], wrong["title"]) == ("wrong", "货位不对")
    assert post(person, f"/counts/tasks/{task['id']}/arrive/", text="x-0001") == {"kind": "right"}
    assert hand_in(person, task, line(site, "LOT-A", 10)) == {"kind": "taken"}
    assert hand_in(person, task, line(site, "LOT-A", 10)) == {"kind": "taken"}, "sent again it counts once"
    second = take(person, count_id)
    assert (second["bin"], second["done"]) == ("X-0002", 1)
    assert post(person, f"/counts/tasks/{second['id']}/back/") == {"kind": "back"}
    assert take(person, count_id, "X-0003")["bin"] == "X-0003", "the bin he stands at"
    assert take(person, count_id, "X-0001")["kind"] == "other"
    assert take(person, count_id, "NOPE")["title"] == "没见过这个货位"


def test_nothing_the_handheld_is_told_has_the_book_in_it(site: Site) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count()
    task = take(person, count_id)
    told = [person.get(f"/counts/{count_id}/hand/").content.decode(), json.dumps(task)]
    told += [
        person.get(f"/counts/tasks/{task['id']}/read/", {"text": text}).content.decode()
        for text in ("4006381333931", "LOT-A", "TEA-1")
    ]
    assert not [text for text in told if re.search(r"\b10\b", re.sub(r"<svg.*?</svg>", "", text))]


def test_what_a_scan_is(site: Site) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count()
    url = f"/counts/tasks/{take(person, count_id)['id']}/read/"

    def read(text: str) -> Any:
        return person.get(url, {"text": text}).json()

    goods = read("4006381333931")
    assert (goods["kind"], goods["units"], [lot["lot"] for lot in goods["lots"]]) == (
        "which", 1, ["LOT-A", "LOT-B", "LOT-C"],
    )  # fmt: skip
    assert (read("lot-b")["kind"], read("lot-b")["lot"]) == ("lot", "LOT-B")
    printed = read("(01)04006381333931(17)280401(10)NEW7")
    assert (printed["kind"], printed["lot"], printed["expires_on"]) == ("lot", "NEW7", "2028-04-01")
    assert read("X-0001") == {"kind": "bin"}
    assert read("???")["kind"] == "unknown"
    assert read("CUP-1")["lots"] == []


def test_one_sku_alone_refuses_other_goods(site: Site) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count(scope=CountScope(sku_ids=[site.sku]))
    task = take(person, count_id)
    assert task["goods"] == {"code": "TEA-1", "name": "白茶"}
    answer = person.get(f"/counts/tasks/{task['id']}/read/", {"text": "CUP-1"}).json()
    assert (answer["kind"], answer["title"]) == ("unknown", "不是要盘的商品")


@pytest.mark.parametrize(
    "lines",
    ["", "null", "{}", "[1]", "nonsense", '[{"sku":1,"lot":"","quantity":1}]', '[{"sku":"1","lot":"A","quantity":1}]',
     '[{"sku":1,"lot":"A","quantity":-1}]', '[{"sku":1,"lot":"A","quantity":1.5}]', '[{"sku":1,"lot":"A\\u0000","quantity":1}]',
     '[{"sku":1,"lot":"A","quantity":true}]', '[{"sku":1,"lot":"A","quantity":1,"expires_on":"2028-13-41"}]'],
)  # fmt: skip
def test_what_a_page_sends_is_not_believed(site: Site, lines: str) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count()
    task = take(person, count_id)
    answer = post(person, f"/counts/tasks/{task['id']}/", round=1, lines=lines)
    assert answer["kind"] == "refused"
    assert take(person, count_id)["id"] == task["id"]


def review_of(site: Site, count_id: int) -> Client:
    """Two people count: two of A are missing."""
    for person in (site.person(Role.WAREHOUSE), site.person(Role.WAREHOUSE)):
        while (task := take(person, count_id))["kind"] == "task":
            lots = {"X-0001": [("LOT-A", 8)], "X-0002": [("LOT-B", 5), ("LOT-C", 3)], "X-0003": []}[
                task["bin"]
            ]
            hand_in(person, task, *[line(site, *one) for one in lots])
            if task["round"] == 2 or task["bin"] == "X-0003":
                break
    return site.person(Role.OPERATOR)


def test_the_review_shows_book_counts_difference_and_cost_and_books_once(site: Site) -> None:
    count_id = site.count()
    operator = review_of(site, count_id)
    page = text_of(operator, f"/counts/{count_id}/")
    for told in ("LOT-A", "−2", "25.00", "等确认", "王芳"):
        assert told in page, told
    assert "25.00" not in text_of(site.person(Role.WAREHOUSE), f"/counts/{count_id}/")
    assert operator.post(f"/counts/{count_id}/post/").status_code == 302
    page = text_of(operator, f"/counts/{count_id}/")
    assert "差异入账了" in page
    assert "ADJ-" in page
    operator.post(f"/counts/{count_id}/post/")
    assert "不用再盘了" in text_of(operator, "/counts/")
    assert "已入账" in text_of(operator, "/counts/?tab=ended")


def test_the_reviewer_asks_again_or_takes_it(site: Site) -> None:
    count_id = site.count()
    operator = review_of(site, count_id)
    with tenant(site.tenant_id):
        task_id = CountTask.objects.get(bin=site.bins["X-0001"]).pk
    assert operator.post(f"/counts/{count_id}/recount/", {"ids": task_id}).status_code == 302
    assert "要复盘" in text_of(operator, f"/counts/{count_id}/?tab=all")
    assert operator.post(f"/counts/{count_id}/accept/", {"ids": task_id}).status_code == 302
    assert "主管定的" in text_of(operator, f"/counts/{count_id}/?tab=all")
    operator.post(f"/counts/{count_id}/accept/", {"ids": "x"})
    assert "没改" in text_of(operator, f"/counts/{count_id}/")


def test_who_counts_does_not_see_the_numbers(site: Site) -> None:
    count_id = site.count()
    person = site.person(Role.WAREHOUSE)
    task = take(person, count_id)
    hand_in(person, task, line(site, "LOT-A", 8))
    assert "LOT-A" in text_of(person, f"/counts/{count_id}/?tab=all")
    take(person, count_id)
    page = text_of(person, f"/counts/{count_id}/?tab=all")
    assert "LOT-A" not in page
    assert "数先不给看" in page


def test_a_clerk_has_only_his_store_and_does_not_book(site: Site) -> None:
    with tenant(site.tenant_id):
        make.make_bin(site.store, code="S-0001")
    mine, others = site.count(site.store), site.count()
    clerk = site.person(Role.STORE, site.store)
    page = text_of(clerk, "/counts/")
    with tenant(site.tenant_id):
        numbers = dict(StockCount.objects.values_list("id", "number"))
    assert numbers[mine] in page
    assert numbers[others] not in page
    for path in ("", "hand/"):
        assert clerk.get(f"/counts/{others}/{path}").status_code == 404
    assert clerk.post(f"/counts/{others}/next/").status_code == 404
    assert clerk.post(f"/counts/{mine}/post/").status_code == 403
    task = take(clerk, mine)
    assert hand_in(clerk, task)["kind"] == "taken"
    assert "盘完前不给看数" in text_of(clerk, f"/counts/{mine}/")


@pytest.mark.parametrize(("role", "status"), [(Role.READONLY, 403), (Role.QUALITY, 403), (Role.FINANCE, 403)])
def test_who_only_looks_counts_nothing(site: Site, role: Role, status: int) -> None:
    count_id, person = site.count(), site.person(role)
    assert person.get(f"/counts/{count_id}/").status_code == 200
    assert person.post(f"/counts/{count_id}/next/").status_code == status
    assert person.get("/counts/new/").status_code == status


def test_a_cancelled_count_ends_on_the_handheld_too(site: Site) -> None:
    person, count_id = site.person(Role.WAREHOUSE), site.count()
    task = take(person, count_id)
    assert person.post(f"/counts/{count_id}/cancel/").status_code == 302
    assert hand_in(person, task)["kind"] == "gone"
    assert take(person, count_id)["kind"] == "over"


def test_a_full_page_costs_what_an_empty_one_costs(site: Site) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    operator = site.person(Role.OPERATOR)

    def statements(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert operator.get(path).status_code == 200
        return count_statements(seen)

    few = review_count(site)
    small, small_list = statements(f"/counts/{few}/?tab=all"), statements("/counts/")
    with tenant(site.tenant_id):
        bins = [catalogue.BinInput(make.unique("Y-"), BinKind.PICK) for _ in range(60)]
        for place, bin_id in enumerate(catalogue.create_bins(site.facility, bins)):
            make.make_stock(bin_id, site.sku, 1, lot=f"M-{place:03}")
    many = site.count()
    assert statements(f"/counts/{many}/?tab=all") == small <= 12
    assert statements("/counts/") == small_list <= 12


def review_count(site: Site) -> int:
    count_id = site.count()
    person = site.person(Role.WAREHOUSE)
    hand_in(person, take(person, count_id), line(site, "LOT-A", 8))
    with tenant(site.tenant_id):
        counts.cancel_count(count_id=count_id, actor_id=None)
    return count_id
