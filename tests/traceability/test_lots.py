"""Forward from a lot, back from an order: the sums close, the people are masked, what is left stops."""

import csv
import io
import re

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from core.web.tables import Cursor, encode
from inventory.models import Hold, Lot, Reservation
from orders.models import Order
from tests import builders
from tests.warehouse.people import sign_in
from tests.warehouse.scene import MILK_BARCODE, Scene, make_clerk_store, make_scene
from traceability import queries, views
from traceability.services import hold_rest


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


@pytest.fixture
def shipped(scene: Scene) -> Scene:
    """Of M-100: 3 left, 2 on a cart, 1 allocated in its bin, 4 promised without a lot (of 10)."""
    for units in (3, 2, 1):
        scene.order([("MILK-800", units)])
        wave_id = scene.release()
        if units > 1:
            scene.pick_all(wave_id)
        if units > 2:
            scene.ship(wave_id)
    scene.order([("MILK-800", 4)])
    return scene


@pytest.fixture
def quality(shipped: Scene) -> Client:
    return sign_in(shipped.tenant_id, Role.QUALITY)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_equation_closes_at_every_step(scene: Scene) -> None:
    def look() -> tuple[int, int, int, bool]:
        with tenant(scene.tenant_id):
            lot = scene.lots["M-100"]
            sums = queries.get_equation(lot, queries.list_places(lot))
        return sums.received, sums.on_hand, sums.shipped, sums.closes

    assert look() == (10, 10, 0, True)
    scene.order([("MILK-800", 3)])
    wave_id = scene.release()
    assert look() == (10, 10, 0, True)
    scene.pick_all(wave_id)
    assert look() == (10, 10, 0, True)
    scene.ship(wave_id)
    assert look() == (10, 7, 3, True)


def test_a_balance_that_lies_shows_in_the_difference(scene: Scene, admin_url: str) -> None:
    lot = scene.lots["M-100"]
    with tenant(scene.tenant_id):
        db.execute(
            "UPDATE inventory_balance SET on_hand = on_hand - 2 WHERE tenant_id = %s AND lot_id = %s",
            scene.tenant_id,
            lot,
        )
        sums = queries.get_equation(lot, queries.list_places(lot))
    assert sums.difference == 2
    page = page_of(sign_in(scene.tenant_id, Role.QUALITY), f"/trace/lots/{lot}/")
    assert "对不上，差 2" in page


def test_where_it_is_and_who_has_it(shipped: Scene, quality: Client) -> None:
    lot = shipped.lots["M-100"]
    with tenant(shipped.tenant_id):
        inside = queries.list_inside(lot, limit=10)
        left = queries.list_left(lot, after=None, limit=10)
        places = {place.bin_code: (place.on_hand, place.allocated) for place in queries.list_places(lot)}
    assert [(row.units, row.is_picked) for row in inside] == [(2, True), (1, False)]
    assert [(row.units, row.parcels_in_all, row.units_in_all) for row in left] == [(3, 1, 3)]
    assert sum(on_hand for on_hand, _ in places.values()) == 7
    page = page_of(quality, f"/trace/lots/{lot}/")
    for told in ("对上了，差 0", "R-1187", "清溪乳业", "SUP-7", "在车上", "在货位", "李*"):
        assert told in page
    assert "13800002046" not in page
    assert "李雷" not in page


def test_parcels_that_left_are_paged_without_gap_or_repeat(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.order(*[[("TEA-1", 1)] for _ in range(7)])
    wave_id = scene.release()
    scene.pick_all(wave_id)
    scene.ship(wave_id)
    monkeypatch.setattr(views, "PAGE_SIZE", 3)
    client = sign_in(scene.tenant_id, Role.QUALITY)
    path, seen = f"/trace/lots/{scene.lots['T-1']}/", []
    query = ""
    for _page in range(4):
        answer = client.get(path + query)
        seen += [row.parcel_id for row in answer.context["left"]]
        assert answer.context["parcels_left"] == 7
        query = answer.context["older"].removesuffix("#left")
        if not query:
            break
    assert len(seen) == len(set(seen)) == 7
    assert client.get(f"{path}?after=rubbish").status_code == 422


def test_holding_the_rest_says_what_it_caused_and_can_be_undone(shipped: Scene, quality: Client) -> None:
    lot = shipped.lots["M-100"]
    with tenant(shipped.tenant_id):
        done = hold_rest(lot_id=lot, document="R-2026-1", reason="异物", actor_id=None)
        assert len(done.stopped) == 2
        assert done.broken == (), "the 4 promised fit into M-400"
        assert Reservation.objects.count() == 1
    page = page_of(quality, f"/trace/lots/{lot}/")
    for told in ("在库，已冻结", "停在车上", "停在货位", "R-2026-1"):
        assert told in page
    assert quality.post(f"/trace/holds/{done.hold_id}/clear/").status_code == 302
    assert "在库，已冻结" not in page_of(quality, f"/trace/lots/{lot}/")
    assert quality.post(f"/trace/holds/{done.hold_id}/clear/").status_code == 409


def test_promises_that_no_longer_fit_are_counted(scene: Scene) -> None:
    scene.order(*[[("MILK-800", 20)] for _ in range(2)])
    client = sign_in(scene.tenant_id, Role.QUALITY)
    answer = client.post(
        f"/trace/lots/{scene.lots['M-400']}/hold/",
        {"document": "R-1", "reason": "原料奶检出异常"},
        follow=True,
    )
    page = answer.content.decode()
    assert "冻结了 M-400 剩下的 40 罐" in page
    assert "2 个包裹的占用落空，退回审单" in page
    assert "data-undo" in page
    with tenant(scene.tenant_id):
        assert Reservation.objects.count() == 0


def test_a_hold_wants_its_reason(shipped: Scene, quality: Client) -> None:
    answer = quality.post(f"/trace/lots/{shipped.lots['M-100']}/hold/", {"document": "R-1", "reason": " "})
    assert answer.status_code == 422
    with tenant(shipped.tenant_id):
        assert not Hold.objects.exists()


@pytest.mark.parametrize("text", ["M-100", "MILK-800", MILK_BARCODE])
def test_a_search_finds_lots(shipped: Scene, quality: Client, text: str) -> None:
    with tenant(shipped.tenant_id):
        found = queries.search(text)
    assert shipped.lots["M-100"] in [hit.id for hit in found.lots]
    answer = quality.get("/trace/", {"q": text})
    assert answer.status_code == (302 if text == "M-100" else 200)


def test_a_search_finds_orders_and_parcels(shipped: Scene, quality: Client) -> None:
    number, order_id = next(iter(shipped.orders.items()))
    assert quality.get("/trace/", {"q": number})["Location"] == f"/trace/orders/{order_id}/"
    with tenant(shipped.tenant_id):
        ((parcel_id,),) = db.rows(
            "SELECT id FROM warehouse_parcel WHERE tenant_id = %s AND ref = %s", shipped.tenant_id, order_id
        )
        db.execute(
            "UPDATE warehouse_parcel SET tracking_number = 'SF100' WHERE tenant_id = %s AND id = %s",
            shipped.tenant_id,
            parcel_id,
        )
    for text in (f"P{parcel_id}", f"p-{parcel_id}", str(parcel_id), "SF100"):
        assert quality.get("/trace/", {"q": text})["Location"] == f"/trace/orders/{order_id}/#p{parcel_id}", (
            text
        )
    page = page_of(quality, "/trace/?q=NOWHERE")
    assert "没有“NOWHERE”" in page


def test_back_from_an_order_to_its_lots(shipped: Scene, quality: Client) -> None:
    by_units = dict(zip((3, 2, 1, 4), shipped.orders.values(), strict=True))
    left = page_of(quality, f"/trace/orders/{by_units[3]}/")
    assert "M-100" in left
    assert "发出" in left
    assert "SUP-7" in left
    assert "C-0" in page_of(quality, f"/trace/orders/{by_units[2]}/")
    assert "批次还没选" in page_of(quality, f"/trace/orders/{by_units[4]}/")


def test_the_export_agrees_with_the_page_and_runs_no_formula(shipped: Scene, quality: Client) -> None:
    with tenant(shipped.tenant_id):
        Order.objects.filter(id=next(iter(shipped.orders.values()))).update(
            number="=HYPERLINK(1)", receiver_mask="+李*"
        )
    answer = quality.get(f"/trace/lots/{shipped.lots['M-100']}/parcels.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert "first" not in answer["Content-Disposition"]
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert sum(int(row["数量"]) for row in rows) == 6
    gone = rows[-1]
    assert gone["订单号"] == "'=HYPERLINK(1)"
    assert gone["收件人（打码）"] == "'+李*"
    assert "+08:00" in gone["发货时间（带时区）"]


def test_an_export_that_is_cut_says_so(
    shipped: Scene, quality: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "EXPORT_MOST", 2)
    answer = quality.get(f"/trace/lots/{shipped.lots['M-100']}/parcels.csv")
    assert "first-2" in answer["Content-Disposition"]
    assert answer.content.decode().count("\r\n") == 3


def test_who_may_see_and_who_may_stop(shipped: Scene) -> None:
    lot = shipped.lots["M-100"]
    operator = sign_in(shipped.tenant_id, Role.OPERATOR)
    page = page_of(operator, f"/trace/lots/{lot}/")
    assert "冻结剩下的" not in page
    assert operator.post(f"/trace/lots/{lot}/hold/", {"document": "R", "reason": "x"}).status_code == 403
    for role in (Role.WAREHOUSE, Role.STORE, Role.FINANCE):
        client = sign_in(shipped.tenant_id, role)
        for path in ("/trace/", f"/trace/lots/{lot}/", f"/trace/lots/{lot}/parcels.csv"):
            assert client.get(path).status_code == 403, (role, path)


def test_who_is_bound_to_a_store_stops_nothing_elsewhere(shipped: Scene, quality: Client) -> None:
    store = make_clerk_store(shipped)
    bound = sign_in(shipped.tenant_id, Role.QUALITY, [store])
    body = {"document": "R", "reason": "x"}
    lot = shipped.lots["M-100"]
    assert bound.post(f"/trace/lots/{lot}/hold/", body).status_code == 403
    assert quality.post(f"/trace/lots/{lot}/hold/", body).status_code == 302
    with tenant(shipped.tenant_id):
        hold = Hold.objects.get(lot=lot)
        own = Lot.objects.get(code="M-S").id
    assert bound.post(f"/trace/holds/{hold.id}/clear/").status_code == 403
    with tenant(shipped.tenant_id):
        assert Hold.objects.get(id=hold.id).cleared_at is None
    assert bound.post(f"/trace/lots/{own}/hold/", body).status_code == 302


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_an_instant_beyond_the_calendar_is_no_cursor(shipped: Scene, quality: Client, at: str) -> None:
    path = f"/trace/lots/{shipped.lots['M-100']}/"
    assert quality.get(path, {"after": encode(Cursor(at, 1))}).status_code == 422


def test_another_merchant_finds_nothing(shipped: Scene, other_tenant_id: int) -> None:
    stranger = sign_in(other_tenant_id, Role.QUALITY)
    lot = shipped.lots["M-100"]
    number, order_id = next(iter(shipped.orders.items()))
    for path in (f"/trace/lots/{lot}/", f"/trace/orders/{order_id}/", f"/trace/lots/{lot}/parcels.csv"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"/trace/lots/{lot}/hold/", {"document": "R", "reason": "x"}).status_code == 404
    for text in ("M-100", "MILK-800", number, MILK_BARCODE):
        assert f"没有“{text}”" in page_of(stranger, f"/trace/?q={text}")


def test_a_lot_with_a_name_of_two_goods_offers_both(scene: Scene) -> None:
    with tenant(scene.tenant_id):
        builders.make_stock(scene.bins["A-03"], scene.tea, 1, lot="M-100")
    answer = sign_in(scene.tenant_id, Role.QUALITY).get("/trace/", {"q": "M-100"})
    assert len(answer.context["found"].lots) == 2
