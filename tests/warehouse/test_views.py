"""Pages of the floor: who sees what, what the buttons do, what a handheld is told."""

import json
import re

import pytest
from django.test import Client

from core import clock, db
from core.accounts import Role
from core.tenancy import tenant
from inventory.models import HoldKind
from inventory.services import holds
from tests.warehouse.people import sign_in
from tests.warehouse.scene import TEA_BARCODE, Scene, make_clerk_store, make_scene
from warehouse.models import Parcel, Wave, WaveStatus


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


@pytest.fixture
def picker(scene: Scene) -> Client:
    return sign_in(scene.tenant_id, Role.WAREHOUSE)


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return re.sub(r"\s+", " ", answer.content.decode())


def toasts(client: Client) -> str:
    return "".join(re.findall(r"<div class=\"cf-toast.*?</p>", text_of(client, "/waves/")))


def test_releasing_takes_the_most_urgent_parcels(scene: Scene, picker: Client) -> None:
    scene.order([("TEA-1", 1)], [("TEA-1", 2)], [("MILK-800", 1)])
    page = text_of(picker, "/waves/")
    assert "3<small> 个包裹等波次" in page
    assert "没有在做的波次" in page
    answer = picker.post("/waves/release/", {"facility": scene.warehouse, "parcels": 2})
    assert answer.status_code == 302
    assert "下发了 1 个波次，2 个包裹" in toasts(picker)
    assert "1<small> 个包裹等波次" in text_of(picker, "/waves/")
    with tenant(scene.tenant_id):
        assert Wave.objects.get().parcel_count == 2


@pytest.mark.parametrize("parcels", ["0", "-1", "501", "many", ""])
def test_a_number_that_cannot_be_is_refused_beside_its_field(
    scene: Scene, picker: Client, parcels: str
) -> None:
    answer = picker.post("/waves/release/", {"facility": scene.warehouse, "parcels": parcels})
    assert answer.status_code == 422
    assert "cf-fld__e" in answer.content.decode()


def test_releasing_says_why_nothing_was_released(scene: Scene, picker: Client) -> None:
    picker.post("/waves/release/", {"facility": scene.warehouse, "parcels": 5})
    assert "没有等波次的包裹，没下发" in toasts(picker)
    scene.order(*[[("TEA-1", 1)]] * 3)
    for _cart in range(2):
        picker.post("/waves/release/", {"facility": scene.warehouse, "parcels": 1})
    toasts(picker)
    picker.post("/waves/release/", {"facility": scene.warehouse, "parcels": 1})
    assert "车都在用" in toasts(picker)


def test_a_wave_from_its_page_to_the_door(scene: Scene, picker: Client) -> None:
    scene.order([("MILK-800", 12)], [("TEA-1", 2)])
    wave_id = scene.release()
    page = text_of(picker, f"/waves/{wave_id}/")
    for told in ("M-100", "M-400", "A-01", "T-1", "剩下 2 个包裹都拣好了", "去拣", "没拣"):
        assert told in page
    assert "M-400" in text_of(picker, f"/waves/{wave_id}/paper/")
    assert picker.post(f"/waves/{wave_id}/picked/").status_code == 302
    page = text_of(picker, f"/waves/{wave_id}/")
    assert "发 2 个包裹" in page
    assert "去拣" not in page
    assert picker.post(f"/waves/{wave_id}/ship/").status_code == 302
    page = text_of(picker, f"/waves/{wave_id}/")
    assert "出库了" in page
    assert "已发完" in page
    assert wave_id in [row["wave"].id for row in picker.get("/waves/?tab=shipped").context["rows"]]
    answer = picker.post(f"/waves/{wave_id}/ship/")
    assert answer.status_code == 422, "a second press has nothing to do and says so"


def test_a_held_parcel_stays_and_the_page_says_why(scene: Scene, picker: Client) -> None:
    scene.order([("MILK-800", 2)], [("TEA-1", 1)])
    wave_id = scene.release()
    with tenant(scene.tenant_id):
        lots = [scene.lots["M-100"]]
        holds.hold_lots(lot_ids=lots, kind=HoldKind.RECALL, document="R-1", reason="异物", actor_id=None)
    assert "1 个包裹的批次冻结了" in text_of(picker, f"/waves/{wave_id}/")
    picker.post(f"/waves/{wave_id}/picked/")
    assert "1 个包裹的批次冻结了，留在原处" in toasts(picker)
    picker.post(f"/waves/{wave_id}/ship/")
    with tenant(scene.tenant_id):
        assert Wave.objects.get(id=wave_id).status == WaveStatus.RELEASED


def test_the_handheld_gets_the_walk_and_one_answer_a_scan(scene: Scene, picker: Client) -> None:
    scene.order([("MILK-800", 12)], [("TEA-1", 2)])
    wave_id = scene.release()
    work = picker.get(f"/waves/{wave_id}/tasks/").json()
    assert [task["bin"] for task in work["tasks"]] == ["A-01", "A-02", "A-03"]
    assert work["total"] == 3
    first = work["tasks"][0]
    assert (first["lot"], first["quantity"], first["unit"]) == ("M-100", 10, "罐")
    assert first["expires_on"] == f"{scene.day(100):%Y-%m-%d}"

    def scan(task: int, text: str) -> dict[str, str]:
        body = {"allocation": task, "text": text, "scan": "made-by-the-device"}
        answer = picker.post(f"/waves/{wave_id}/scan/", body)
        assert answer.status_code == 200
        return dict(answer.json())

    wrong = scan(first["id"], TEA_BARCODE)
    assert wrong["kind"] == "wrong_goods"
    assert wrong["scan"] == "made-by-the-device"
    assert scan(first["id"], "M-100")["kind"] == "right"
    assert scan(first["id"], "M-100")["kind"] == "right", "the answer was lost and the scan came again"
    assert [task["bin"] for task in picker.get(f"/waves/{wave_id}/tasks/").json()["tasks"]] == [
        "A-02",
        "A-03",
    ]
    assert scene.on_hand("C-01") == 10
    assert scan(0, "")["kind"] == "unknown"


def test_the_page_of_the_handheld_carries_all_instructions(scene: Scene, picker: Client) -> None:
    scene.order([("TEA-1", 2)])
    wave_id = scene.release()
    page = picker.get(f"/waves/{wave_id}/pick/").content.decode()
    found = re.search(r'<script id="pick-work" type="application/json">(.*?)</script>', page)
    assert found
    assert len(json.loads(found[1])["tasks"]) == 1


def test_a_lot_that_passes_its_day_on_the_way_is_stopped(scene: Scene) -> None:
    from warehouse.services.scanning import VerdictKind, read_scan

    scene.order([("MILK-800", 1)])
    wave_id = scene.release()
    allocation_id = scene.allocations()[0][0]
    with clock.pinned(scene.day(101)), tenant(scene.tenant_id):
        verdict = read_scan(wave_id, allocation_id, "M-100")
    assert verdict.kind == VerdictKind.EXPIRED
    assert verdict.may_skip
    assert not verdict.wanted


def test_who_may_see_and_who_may_press(scene: Scene) -> None:
    scene.order([("TEA-1", 2)])
    wave_id = scene.release()
    reader = sign_in(scene.tenant_id, Role.READONLY)
    page = text_of(reader, f"/waves/{wave_id}/")
    assert "去拣" not in page
    assert "都拣好了" not in page
    assert "下发波次 <kbd>" not in text_of(reader, "/waves/")
    assert reader.get(f"/waves/{wave_id}/pick/").status_code == 403
    assert reader.post(f"/waves/{wave_id}/picked/").status_code == 403
    assert reader.post("/waves/release/", {"facility": scene.warehouse, "parcels": 1}).status_code == 403
    finance = sign_in(scene.tenant_id, Role.FINANCE)
    assert finance.get("/waves/").status_code == 403


def test_a_store_clerk_sees_his_store_only(scene: Scene) -> None:
    store = make_clerk_store(scene)
    scene.order([("TEA-1", 2)])
    wave_id = scene.release()
    with tenant(scene.tenant_id):
        parcel_id = Parcel.objects.get().id
    clerk = sign_in(scene.tenant_id, Role.STORE, [store])
    page = text_of(clerk, "/waves/")
    assert "杭州仓" not in page
    assert "徐汇店" in page
    for path in (f"/waves/{wave_id}/", f"/waves/{wave_id}/pick/", f"/parcels/{parcel_id}/"):
        assert clerk.get(path).status_code == 404, path
    assert clerk.post("/waves/release/", {"facility": scene.warehouse, "parcels": 1}).status_code == 422
    unbound = sign_in(scene.tenant_id, Role.STORE)
    assert "徐汇店" not in text_of(unbound, "/waves/"), "a clerk without a store has none"


def test_parcels_by_where_they_are(scene: Scene, picker: Client) -> None:
    scene.order([("TEA-1", 1)], [("TEA-1", 2)], [("TEA-1", 3)])
    shipped, picked = scene.release(1), scene.release(1)
    scene.pick_all(shipped)
    scene.ship(shipped)
    scene.pick_all(picked)
    for tab, units in (("waiting", "×3"), ("floor", "×2"), ("shipped", "×1")):
        page = text_of(picker, f"/parcels/?tab={tab}")
        assert [word for word in ("×1", "×2", "×3") if f"红茶 {word}" in page] == [units], tab
    with tenant(scene.tenant_id):
        found = db.rows("SELECT id, status FROM warehouse_parcel WHERE tenant_id = %s", scene.tenant_id)
    for parcel_id, _status in found:
        assert "红茶" in text_of(picker, f"/parcels/{parcel_id}/")
    assert picker.get(f"/parcels/?q=P{found[0][0]}")["Location"] == f"/parcels/{found[0][0]}/"
    assert "没有包裹“P999999999”" in text_of(picker, "/parcels/?q=P999999999")


def test_the_list_of_waiting_parcels_is_paged_by_deadline(scene: Scene, picker: Client) -> None:
    scene.order(*[[("TEA-1", 1)] for _ in range(50)])
    with tenant(scene.tenant_id):
        ids = list(Parcel.objects.order_by("ship_by", "id").values_list("id", flat=True))
    answer = picker.get("/parcels/")
    shown = [row["parcel"].id for row in answer.context["rows"]]
    assert shown == ids[:50]


def test_a_wave_that_is_frozen_offers_nothing(scene: Scene, picker: Client) -> None:
    scene.order([("MILK-800", 2)], [("TEA-1", 1)])
    wave_id = scene.release()
    with tenant(scene.tenant_id):
        lots = [scene.lots["M-100"]]
        holds.hold_lots(lot_ids=lots, kind=HoldKind.RECALL, document="R-2", reason="异物", actor_id=None)
    assert "剩下 1 个包裹都拣好了" in text_of(picker, f"/waves/{wave_id}/")
    picker.post(f"/waves/{wave_id}/picked/")
    page = text_of(picker, f"/waves/{wave_id}/")
    assert "1 个冻结" in page
    assert "都拣好了</button>" not in page
    assert "去拣" not in page
