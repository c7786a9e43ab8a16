"""The handheld in a real Chromium: right goes on by itself, wrong fills the screen, no scan is lost or counted twice."""

import pytest
from playwright.sync_api import Page, Route, expect

from core.accounts import Role
from core.tenancy import tenant
from inventory.models import BinKind, HoldKind
from inventory.services import holds
from tests import builders
from tests.browser.floor import listen, look, said, scan, sign_in
from tests.live import LiveSite
from tests.warehouse.scene import TEA_BARCODE, Scene, make_scene

pytestmark = pytest.mark.browser


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


@pytest.fixture
def wave_id(page: Page, site: LiveSite, scene: Scene) -> int:
    """10 of M-100 in A-01, then 2 of M-400 in A-02, then 2 of tea in A-03; the handheld shows the first."""
    scene.order([("MILK-800", 12)], [("TEA-1", 2)])
    wave_id = scene.release()
    sign_in(page, site, scene.tenant_id, Role.WAREHOUSE)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{site.url}/waves/{wave_id}/pick/")
    expect(page.locator("[data-f=bin]")).to_have_text("A-01")
    return wave_id


def test_right_scans_walk_to_the_end_without_a_tap(page: Page, scene: Scene, wave_id: int) -> None:
    look(page, "pick")
    expect(page.locator("[data-f=lot]")).to_have_text("M-100")
    expect(page.locator("[data-f=quantity]")).to_have_text("10")
    scan(page, "]C1A-01")
    expect(page.locator("[data-bin-ok]")).to_be_visible()
    listen(page, "[data-say]")
    scan(page, "]C1M-100")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert "对了" in said(page)
    expect(page.locator("[data-count]")).to_have_text("1 / 3")
    scan(page, "]C1M-400")
    expect(page.locator("[data-f=bin]")).to_have_text("A-03")
    scan(page, TEA_BARCODE)
    expect(page.get_by_role("heading", name="拣完了")).to_be_visible()
    look(page, "pick-done")
    assert scene.on_hand("C-01") == 14


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("]C1M-400", "批次不对"),
        ("]C1M-OLD", "已过期"),
        (TEA_BARCODE, "拿错商品"),
        ("]C1A-02", "货位不对"),
        ("999999999", "没见过这个码"),
    ],
)
def test_a_wrong_scan_fills_the_screen_and_moves_nothing(
    page: Page, scene: Scene, wave_id: int, text: str, title: str
) -> None:
    scan(page, text)
    alert = page.locator("[data-view=wrong]")
    expect(alert.get_by_role("heading")).to_have_text(title)
    expect(page.locator("[data-view=task]")).to_be_hidden()
    expect(alert.get_by_role("button")).to_have_text(["重扫"])
    if title in {"批次不对", "已过期"}:
        look(page, f"pick-{'lot' if title == '批次不对' else 'expired'}")
    assert scene.on_hand("C-01") == 0
    scan(page, "]C1M-100")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")


def test_a_lot_held_meanwhile_stops_and_the_next_may_come_first(
    page: Page, scene: Scene, wave_id: int
) -> None:
    with tenant(scene.tenant_id):
        lots = [scene.lots["M-100"]]
        holds.hold_lots(lot_ids=lots, kind=HoldKind.RECALL, document="R", reason="异物", actor_id=None)
    scan(page, "]C1M-100")
    expect(page.get_by_role("heading", name="这批冻结了")).to_be_visible()
    look(page, "pick-held")
    page.get_by_role("button", name="先拣下一个").click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert scene.on_hand("C-01") == 0


def test_a_barcode_asks_for_the_lot_where_two_lie(page: Page, wave_id: int) -> None:
    scan(page, "6970000012348")
    expect(page.locator("[data-say]")).to_contain_text("扫批次码")
    expect(page.locator("[data-f=bin]")).to_have_text("A-01")
    scan(page, "]C1M-100")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")


def test_what_is_typed_by_hand_is_read_the_same(page: Page, wave_id: int) -> None:
    page.get_by_role("button", name="手输").click()
    page.get_by_role("textbox", name="输条码、批次或货位").fill("m-100")
    page.get_by_role("button", name="就是它").click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")


def test_skipping_puts_it_last(page: Page, wave_id: int) -> None:
    page.get_by_role("button", name="先跳过").click()
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    expect(page.locator("[data-next] b")).to_have_text(["A-03", "A-01"])


def test_a_scan_over_a_bad_network_counts_once(
    page: Page, scene: Scene, wave_id: int, page_errors: list[str]
) -> None:
    """The first answer is lost after the server has booked it; the scan comes again by itself."""
    turns: list[str] = []

    def lossy(route: Route) -> None:
        turns.append(route.request.post_data or "")
        if len(turns) == 1:
            route.fetch()
            route.abort("connectionreset")
        elif len(turns) == 2:
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page.route("**/scan/", lossy)
    before = scene.moves()
    listen(page, "[data-say]")
    scan(page, "]C1M-100")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert "没连上，在重发" in said(page)
    assert len(turns) == 3
    assert len(set(turns)) == 1, "the same scan, with the same id"
    assert scene.on_hand("C-01") == 10
    assert scene.moves() == before + 1
    page_errors.clear()


def test_fewer_than_the_book_says_are_taken_and_the_rest_comes_from_elsewhere(
    page: Page, scene: Scene, wave_id: int
) -> None:
    page.get_by_role("button", name="缺货").click()
    expect(page.get_by_role("heading", name="货位里还有几罐？")).to_be_visible()
    expect(page.locator("[data-short-yes]")).to_have_text("一罐也没有")
    page.locator("[data-pad='4']").click()
    expect(page.locator("[data-short-yes]")).to_have_text("只有 4 罐")
    expect(page.locator("[data-s=then]")).to_contain_text("差的 6 罐马上换别的货位")
    look(page, "pick-short")
    page.set_viewport_size({"width": 360, "height": 640})
    page.locator("[data-short-yes]").click()
    expect(page.locator(".cf-toast")).to_contain_text("拿走 4。差的 6 去")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert scene.on_hand("C-01") == 4
    scan(page, "]C1M-400")
    expect(page.locator("[data-count]")).to_contain_text("2 /")


def test_the_pad_takes_only_what_can_be_short(page: Page, scene: Scene, wave_id: int) -> None:
    """Keys do what the buttons do: F1 opens, digits, Backspace, Escape, Enter."""
    page.keyboard.press("F1")
    yes = page.locator("[data-short-yes]")
    page.keyboard.press("1")
    page.keyboard.press("0")
    expect(page.locator("[data-s=count]")).to_have_text("10")
    expect(yes).to_be_disabled()
    page.keyboard.press("Backspace")
    expect(yes).to_be_enabled()
    page.keyboard.press("Escape")
    expect(page.locator("[data-view=task]")).to_be_visible()
    assert scene.on_hand("C-01") == 0
    page.keyboard.press("F1")
    page.keyboard.press("Enter")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert scene.on_hand("C-01") == 0


def test_damaged_goods_go_to_their_bin_and_the_rest_stays(page: Page, scene: Scene, wave_id: int) -> None:
    with tenant(scene.tenant_id):
        scene.bins["D-01"] = builders.make_bin(scene.warehouse, BinKind.DAMAGED, code="D-01")
    page.keyboard.press("F2")
    expect(page.get_by_role("heading", name="坏了几罐？")).to_be_visible()
    page.locator("[data-pad=clear]").click()
    expect(page.locator("[data-short-yes]")).to_be_disabled()
    page.locator("[data-pad='3']").click()
    look(page, "pick-damaged")
    page.set_viewport_size({"width": 360, "height": 640})
    page.locator("[data-short-yes]").click()
    expect(page.locator(".cf-toast")).to_contain_text("坏的 3 放到 D-01")
    expect(page.locator("[data-f=quantity]")).to_have_text("7")
    assert scene.on_hand("D-01") == 3


def test_a_report_over_a_bad_network_counts_once(
    page: Page, scene: Scene, wave_id: int, page_errors: list[str]
) -> None:
    turns: list[str] = []

    def lossy(route: Route) -> None:
        turns.append(route.request.post_data or "")
        if len(turns) == 1:
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/short/", lossy)
    page.keyboard.press("F1")
    page.keyboard.press("2")
    page.keyboard.press("Enter")
    expect(page.locator("[data-f=bin]")).to_have_text("A-02")
    assert len(set(turns)) == 1 and len(turns) == 2
    assert scene.on_hand("C-01") == 2
    page_errors.clear()


def test_what_is_said_never_covers_what_to_do(page: Page, wave_id: int) -> None:
    page.evaluate("cf.say('第一句', { kind: 'warn' }); cf.say('第二句', { kind: 'stop' })")
    toast = page.locator(".cf-toast")
    expect(toast).to_have_count(1)
    expect(toast).to_contain_text("第二句")
    expect(toast.get_by_role("button", name="知道了")).to_be_visible()
    shown, said = toast.bounding_box(), page.locator("[data-type]").bounding_box()
    assert shown is not None
    assert said is not None
    assert shown["y"] >= said["y"] + said["height"]
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    look(page, "pick-said")
