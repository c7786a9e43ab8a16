"""Counting in a real Chromium: bin, goods, lot by scanner; blind; kept over a reload; reviewed and booked at the desk."""

from datetime import date

import pytest
from playwright.sync_api import Page, Route, expect

from core import db
from core.accounts import Role
from inventory.models import Bin, CountTaskStatus
from inventory.services import counting, counts
from inventory.services.counted_lots import CountLine
from tests import builders as make
from tests.browser.floor import look, scan, sign_in
from tests.live import LiveSite
from tests.steps import Do

pytestmark = pytest.mark.browser
TEA = "6970000012379"


class Shelves:
    """10 of T-2601 and 4 of T-2702 in A-01-1, 6 of C-2605 in A-01-2, nothing in A-01-3."""

    def __init__(self, tenant_id: int) -> None:
        self.tenant_id = tenant_id
        self.do = Do(tenant_id)
        self.facility = self.do(make.make_facility, code="WH")
        self.tea = self.do(make.make_sku, code="TEA-100", name="白毫银针 100g 罐装", barcodes=[TEA])
        self.cup = self.do(make.make_sku, code="CUP-01", name="玻璃杯", barcodes=["6970000012386"])
        for code in ("A-01-1", "A-01-2", "A-01-3"):
            self.do(make.make_bin, self.facility, code=code)
        self.bins = bins = self.do(lambda: dict(Bin.objects.values_list("code", "id")))
        for sku, lot, code, units in (
            (self.tea, "T-2601", "A-01-1", 10),
            (self.tea, "T-2702", "A-01-1", 4),
            (self.cup, "C-2605", "A-01-2", 6),
        ):
            self.do(make.make_stock, bins[code], sku, units, lot=lot, expires_on=date(2099, 1, 1))
        made = self.do(counts.create_count, facility_id=self.facility, name="十一月月盘", actor_id=None)
        self.count, self.number = made.count_id, made.number

    def entries(self) -> dict[str, int]:
        sql = (
            "SELECT l.code, e.counted FROM inventory_countentry e JOIN inventory_lot l ON l.id = e.lot_id"
            " WHERE e.counted IS NOT NULL ORDER BY e.round"
        )
        return dict(self.do(db.rows, sql))

    def count_by_other(self, person: int, *found: tuple[str, int], bin_code: str = "") -> CountTaskStatus:
        """Somebody else counts what is next, or this bin."""
        task = self.do(
            counting.claim_task, count_id=self.count, actor_id=person, bin_id=self.bins.get(bin_code)
        )
        assert task
        skus = {"T": self.tea, "C": self.cup}
        lines = [CountLine(skus[lot[0]], lot, units) for lot, units in found]
        done = self.do(counting.hand_in, task_id=task.id, round_=task.round, lines=lines, actor_id=person)
        return done.status


@pytest.fixture
def shelves(tenant_id: int) -> Shelves:
    return Shelves(tenant_id)


@pytest.fixture
def at_bin(page: Page, site: LiveSite, shelves: Shelves) -> Page:
    """The handheld, at the first bin."""
    sign_in(page, site, shelves.tenant_id, Role.WAREHOUSE)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{site.url}/counts/{shelves.count}/hand/")
    expect(page.locator("[data-f=bin]")).to_have_text("A-01-1")
    return page


def test_a_bin_from_its_scan_to_the_next_one(at_bin: Page, shelves: Shelves) -> None:
    page = at_bin
    expect(page.locator("[data-say]")).to_contain_text("扫货位")
    expect(page.locator("[data-done]")).to_be_disabled()
    look(page, "count-walk")
    scan(page, "A-01-1")
    expect(page.locator("[data-bin-ok]")).to_be_visible()
    scan(page, TEA)
    expect(page.get_by_role("heading", name="哪个批次")).to_be_visible()
    look(page, "count-which")
    page.get_by_role("button", name="T-2601").click()
    expect(page.locator("[data-l=units]")).to_have_text("1")
    for _ in range(2):
        scan(page, TEA)
    expect(page.locator("[data-l=units]")).to_have_text("3")
    scan(page, "T-2702")
    expect(page.locator("[data-l=lot]")).to_have_text("T-2702")
    page.get_by_role("button", name="T-2601").click()
    page.get_by_label("一共几件").fill("10")
    page.get_by_role("button", name="就是这么多").click()
    expect(page.locator("[data-l=units]")).to_have_text("10")
    expect(page.locator("[data-say]")).to_contain_text("2 个批次，11 件")
    look(page, "count-goods")
    page.get_by_role("button", name="盘完了").click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-01-2")
    expect(page.locator("[data-last]")).to_be_hidden()
    assert shelves.entries() == {"T-2601": 10, "T-2702": 1}


def test_a_wrong_bin_and_a_strange_code_fill_the_screen(at_bin: Page) -> None:
    page = at_bin
    scan(page, "A-01-2")
    alert = page.locator("[data-view=wrong]")
    expect(alert.get_by_role("heading")).to_have_text("货位不对")
    look(page, "count-wrong")
    scan(page, "A-01-1")
    expect(page.locator("[data-bin-ok]")).to_be_visible()
    scan(page, "999999999")
    expect(alert.get_by_role("heading")).to_have_text("没见过这个码")
    page.get_by_role("button", name="知道了").click()
    expect(page.locator("[data-view=task]")).to_be_visible()


def test_a_reload_keeps_what_was_counted(at_bin: Page) -> None:
    page = at_bin
    scan(page, "A-01-1")
    expect(page.locator("[data-bin-ok]")).to_be_visible()
    scan(page, "T-2601")
    expect(page.locator("[data-l=units]")).to_have_text("1")
    page.reload()
    expect(page.locator("[data-l=units]")).to_have_text("1")
    expect(page.locator("[data-bin-ok]")).to_be_visible()


def test_a_hand_in_whose_answer_is_lost_counts_once(
    at_bin: Page, shelves: Shelves, page_errors: list[str]
) -> None:
    page, turns = at_bin, []

    def lossy(route: Route) -> None:
        turns.append(1)
        if len(turns) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    scan(page, "A-01-1")
    expect(page.locator("[data-bin-ok]")).to_be_visible()
    page.route("**/counts/tasks/*/", lossy)
    page.get_by_role("button", name="货位是空的").click()
    expect(page.get_by_role("heading", name="货位是空的？")).to_be_visible()
    page.get_by_role("button", name="是空的", exact=True).click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-01-2")
    assert shelves.entries() == {"T-2601": 0, "T-2702": 0}
    page_errors.clear()  # the lost answer


def test_given_back_and_nothing_left(at_bin: Page, shelves: Shelves) -> None:
    page = at_bin
    page.get_by_role("button", name="还回去").click()
    expect(page.get_by_role("heading", name="没有要盘的了")).to_be_visible()
    look(page, "count-none")
    page.get_by_role("button", name="再看看").click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-01-1")


def test_the_desk_reviews_and_books(page: Page, site: LiveSite, shelves: Shelves) -> None:
    people = [shelves.do(make.make_member, Role.WAREHOUSE) for _ in range(3)]
    first = [("T-2601", 8), ("T-2702", 4)]
    assert shelves.count_by_other(people[0], *first) == CountTaskStatus.RECOUNT
    assert shelves.count_by_other(people[1], *first) == CountTaskStatus.AGREED
    for person, units in zip(people, (7, 5, 4), strict=True):
        shelves.count_by_other(person, ("C-2605", units), bin_code="A-01-2")
    sign_in(page, site, shelves.tenant_id, Role.OPERATOR)
    page.goto(f"{site.url}/counts/")
    look(page, "count-list")
    page.get_by_role("link", name=shelves.number).click()
    look(page, "count-open")
    shelves.count_by_other(people[0])
    page.goto(f"{site.url}/counts/{shelves.count}/")
    expect(page.get_by_role("alert")).to_contain_text("1 个货位几次数得不一样")
    look(page, "count-review")
    page.get_by_label("选 A-01-2").check()
    page.get_by_role("button", name="就按这个算").click()
    expect(page.get_by_text("主管定的")).to_be_visible()
    page.get_by_role("button", name="入账").click()
    page.get_by_role("alertdialog").get_by_role("button", name="入账").click()
    expect(page.get_by_text("已入账").first).to_be_visible()
    look(page, "count-posted")
    sql = "SELECT l.code, b.on_hand FROM inventory_balance b JOIN inventory_lot l ON l.id = b.lot_id"
    assert dict(shelves.do(db.rows, sql)) == {"T-2601": 8, "T-2702": 4, "C-2605": 4}
    page.goto(f"{site.url}/counts/new/")
    look(page, "count-new")
