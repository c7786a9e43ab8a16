"""Pages of stock: numbers that agree, goods that come in line by line, holds that can be undone."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from core import db
from core.accounts import Role
from core.tenancy import tenant
from inventory import queries
from inventory.models import Hold, Lot, Receipt, Sku
from tests.warehouse.people import sign_in
from tests.warehouse.scene import MILK_BARCODE, Scene, make_clerk_store, make_scene


@pytest.fixture
def scene(tenant_id: int) -> Scene:
    return make_scene(tenant_id)


@pytest.fixture
def keeper(scene: Scene) -> Client:
    return sign_in(scene.tenant_id, Role.WAREHOUSE)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def codes_on(client: Client, query: str) -> list[str]:
    return [sku.code for sku, _row, _places, _links in client.get(f"/stock/{query}").context["rows"]]


def test_the_list_is_searched_by_the_start_of_a_code_or_a_barcode(scene: Scene, keeper: Client) -> None:
    assert codes_on(keeper, "") == ["MILK-800", "TEA-1"]
    assert codes_on(keeper, "?q=MILK") == ["MILK-800"]
    assert codes_on(keeper, f"?q={MILK_BARCODE}") == ["MILK-800"]
    assert codes_on(keeper, "?q=ILK") == []
    assert codes_on(keeper, "?q=%25") == []
    assert "没有“&lt;b&gt;”" in page_of(keeper, "/stock/?q=<b>")
    assert codes_on(keeper, "?only=problems") == ["MILK-800"]
    assert codes_on(keeper, "?sort=-code") == ["TEA-1", "MILK-800"]
    assert keeper.get("/stock/?after=nonsense").status_code == 422
    assert codes_on(keeper, "?q=%00") == ["MILK-800", "TEA-1"]


def test_the_list_and_the_explanation_say_the_same(scene: Scene, keeper: Client) -> None:
    scene.order([("MILK-800", 12)])
    ((_sku, row, _places, _links),) = keeper.get("/stock/?q=MILK").context["rows"]
    shown = keeper.get(f"/stock/{scene.milk}/").context
    assert shown["total"] == row
    assert shown["equation"].difference == 0
    assert [term.value for term in shown["equation"].terms][-1] == row.available == 38
    with tenant(scene.tenant_id):
        assert queries.available(scene.warehouse, scene.milk, queries.first_sellable()) == row.available
    page = page_of(keeper, f"/stock/{scene.milk}/")
    assert "和流水对上，差 0" in page
    assert page.count("M-400") >= 3


def test_a_balance_off_its_ledger_is_told(scene: Scene, keeper: Client) -> None:
    with tenant(scene.tenant_id):
        (balance,) = queries.list_balances([scene.warehouse], scene.tea)
        db.execute(
            "UPDATE inventory_balance SET on_hand = 49 WHERE tenant_id = %s AND id = %s",
            scene.tenant_id,
            balance.id,
        )
    assert "对不上，差 −1" in page_of(keeper, f"/stock/{scene.tea}/")
    assert "和流水差 −1" in page_of(keeper, f"/stock/balances/{balance.id}/")


def test_a_number_leads_to_its_ledger(scene: Scene, keeper: Client) -> None:
    scene.order([("TEA-1", 2)])
    scene.pick_all(scene.release())
    page = page_of(keeper, f"/stock/{scene.tea}/")
    found = re.search(r"/stock/balances/(\d+)/", page)
    assert found
    ledger = page_of(keeper, f"/stock/balances/{found[1]}/")
    for told in ("R-1187", "拣货", "−2", "+50", "和流水对上，差 0"):
        assert told in ledger
    assert "−2" in page_of(keeper, f"/stock/{scene.tea}/moves/")
    assert keeper.get(f"/stock/balances/{found[1]}/?before=1").context["moves"] == []
    assert keeper.get(f"/stock/balances/{found[1]}/?before=x").status_code == 200


def test_a_clerk_sees_his_store_only(scene: Scene) -> None:
    store = make_clerk_store(scene)
    clerk = sign_in(scene.tenant_id, Role.STORE, [store])
    ((_sku, row, _places, _links),) = clerk.get("/stock/?q=MILK").context["rows"]
    assert row.on_hand == 3
    page = page_of(clerk, f"/stock/{scene.milk}/?facility={scene.warehouse}")
    assert "M-400" not in page
    assert "M-S" in page
    with tenant(scene.tenant_id):
        (balance,) = queries.list_balances([scene.warehouse], scene.tea)
    assert clerk.get(f"/stock/balances/{balance.id}/").status_code == 404
    assert clerk.post(f"/stock/{scene.milk}/hold/", {}).status_code == 403


def hold(client: Client, scene: Scene, lot: str, kind: str = "HELD") -> int:
    body = {"lot": scene.lots[lot], "kind": kind, "reason": "罐盖密封抽检", "document": "QC-1"}
    return client.post(f"/stock/{scene.milk}/hold/", body).status_code


def test_holding_and_clearing_one_lot(scene: Scene, keeper: Client) -> None:
    assert hold(keeper, scene, "M-400") == 302
    page = page_of(keeper, f"/stock/{scene.milk}/")
    assert "罐盖密封抽检" in page
    assert "data-undo" in page
    with tenant(scene.tenant_id):
        hold_id = Hold.objects.get().id
    assert (
        keeper.post(f"/stock/holds/{hold_id}/clear/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    )
    assert "罐盖密封抽检" not in page_of(keeper, "/stock/").split("toasts")[0]
    assert keeper.post(f"/stock/holds/{hold_id}/clear/").status_code == 409
    assert keeper.post("/stock/holds/1/clear/").status_code == 404


def test_a_hold_without_a_reason_or_of_a_strange_lot_is_refused(scene: Scene, keeper: Client) -> None:
    body = {"lot": scene.lots["M-400"], "kind": "HELD", "reason": ""}
    assert keeper.post(f"/stock/{scene.milk}/hold/", body).status_code == 422
    body = {"lot": scene.lots["T-1"], "kind": "HELD", "reason": "x"}
    assert keeper.post(f"/stock/{scene.milk}/hold/", body).status_code == 422
    body = {"lot": scene.lots["M-400"], "kind": "RECALL", "reason": "x"}
    assert keeper.post(f"/stock/{scene.milk}/hold/", body).status_code == 422
    with tenant(scene.tenant_id):
        assert not Hold.objects.exists()


def test_who_is_bound_to_one_place_does_not_stop_another(scene: Scene) -> None:
    store = make_clerk_store(scene)
    bound = sign_in(scene.tenant_id, Role.WAREHOUSE, [store])
    assert hold(bound, scene, "M-400") == 403
    free = sign_in(scene.tenant_id, Role.WAREHOUSE, [scene.warehouse])
    assert hold(free, scene, "M-400") == 302


def test_a_recall_is_cleared_by_quality_only(scene: Scene, keeper: Client) -> None:
    from inventory.models import HoldKind
    from inventory.services import holds

    with tenant(scene.tenant_id):
        lots = [scene.lots["M-400"]]
        (hold_id,) = holds.hold_lots(
            lot_ids=lots, kind=HoldKind.RECALL, document="R", reason="异物", actor_id=None
        )
    assert "/clear/" not in page_of(keeper, f"/stock/{scene.milk}/")
    assert keeper.post(f"/stock/holds/{hold_id}/clear/").status_code == 403
    assert sign_in(scene.tenant_id, Role.QUALITY).post(f"/stock/holds/{hold_id}/clear/").status_code == 302


def delivery(
    scene: Scene, *lines: dict[str, object], reference: str = "DN-1", **head: object
) -> dict[str, Any]:
    body: dict[str, Any] = {"facility": scene.warehouse, "reference": reference, "supplier": "清溪"} | head
    body |= {"line-TOTAL_FORMS": len(lines), "line-INITIAL_FORMS": 0}
    for at, line in enumerate(lines):
        body |= {f"line-{at}-{name}": value for name, value in line.items()}
    return body


def test_goods_come_in_once_however_often_they_are_sent(scene: Scene, keeper: Client) -> None:
    produced = scene.today - timedelta(days=10)
    body = delivery(
        scene,
        {"goods": "MILK-800", "lot": "M-9", "produced_on": produced, "quantity": 7, "bin": "A-01"},
        {"goods": MILK_BARCODE, "lot": "M-9", "produced_on": produced, "quantity": 5, "bin": "B-01"},
        {"goods": " TEA-1 ", "lot": "T-9", "quantity": 3, "bin": "A-03"},
        {"goods": "", "lot": "", "quantity": "", "bin": ""},
    )
    for _twice in range(2):
        assert keeper.post("/stock/receive/", body).status_code == 302
    page = page_of(keeper, "/stock/receive/")
    assert "收了 3 行，15 件，已经入账" in page
    assert "单号 DN-1 以前收过 15 件，这次没有再收" in page
    with tenant(scene.tenant_id):
        assert Lot.objects.get(code="M-9").expires_on == produced + timedelta(days=700)
        assert Lot.objects.get(code="T-9").expires_on is None
        assert Receipt.objects.get(reference="DN-1").supplier == "清溪"
        assert sum(row.on_hand for row in queries.list_balances([scene.warehouse], scene.milk)) == 61 + 12


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"goods": "NOPE"}, "没有这个编码或条码"),
        ({"goods": ""}, "要填编码或条码"),
        ({"bin": "Z-9"}, "这个仓库没有这个货位"),
        ({"bin": ""}, "要填货位"),
        ({"quantity": 0}, "不能小于 1"),
        ({"quantity": ""}, "要填数量"),
        ({"quantity": "1.5"}, "要填整数"),
        ({"lot": " "}, "要填批次"),
        ({"lot": "A\x07B"}, "看不见的字符"),
        ({"expires_on": ""}, "到期日和生产日期至少填一个"),
        ({"expires_on": "2020-01-01"}, "只能收进待检区或残次区"),
        ({"produced_on": "2030-01-02", "expires_on": "2030-01-01"}, "到期日在生产日期前面"),
        ({"expires_on": "2030-02-30"}, "不是日期"),
    ],
)
def test_a_wrong_line_is_told_at_its_field_and_nothing_comes_in(
    scene: Scene, keeper: Client, line: dict[str, object], told: str
) -> None:
    right = {"goods": "MILK-800", "lot": "M-9", "expires_on": "2030-01-01", "quantity": 5, "bin": "A-01"}
    answer = keeper.post("/stock/receive/", delivery(scene, right, right | line))
    assert answer.status_code == 422
    assert told in answer.content.decode()
    with tenant(scene.tenant_id):
        assert not Receipt.objects.filter(reference="DN-1").exists()


def test_expired_goods_may_go_to_quarantine(scene: Scene, keeper: Client) -> None:
    line = {"goods": "MILK-800", "lot": "M-8", "expires_on": "2020-01-01", "quantity": 5, "bin": "Q-01"}
    assert keeper.post("/stock/receive/", delivery(scene, line)).status_code == 302


def test_a_lot_with_two_expiry_dates_is_refused_in_words(scene: Scene, keeper: Client) -> None:
    line = {"goods": "MILK-800", "lot": "M-100", "expires_on": "2035-01-01", "quantity": 5, "bin": "A-01"}
    answer = keeper.post("/stock/receive/", delivery(scene, line))
    assert answer.status_code == 422
    assert "批次 M-100 已有，到期日不同" in answer.content.decode()
    with tenant(scene.tenant_id):
        assert not Receipt.objects.filter(reference="DN-1").exists()


def test_an_empty_delivery_and_a_foreign_facility(scene: Scene, keeper: Client) -> None:
    assert "一行都没填" in keeper.post("/stock/receive/", delivery(scene, {"goods": ""})).content.decode()
    store = make_clerk_store(scene)
    clerk = sign_in(scene.tenant_id, Role.STORE, [store])
    line = {"goods": "TEA-1", "lot": "T-9", "quantity": 3, "bin": "A-03"}
    assert clerk.post("/stock/receive/", delivery(scene, line)).status_code == 422
    asked: dict[str, Any] = {"text": "A-03", "facility": scene.warehouse}
    assert clerk.get("/stock/receive/read/", asked).json()["kind"] == "unknown"
    assert sign_in(scene.tenant_id, Role.READONLY).get("/stock/receive/").status_code == 403


def test_what_a_scan_says_at_receiving(scene: Scene, keeper: Client) -> None:
    def read(text: str) -> dict[str, Any]:
        asked: dict[str, Any] = {"text": text, "facility": scene.warehouse}
        return dict(keeper.get("/stock/receive/read/", asked).json())

    found = read(f"]d201{MILK_BARCODE:0>14}10M-7\x1d17290401")
    assert found == {
        "kind": "goods", "code": "MILK-800", "name": "奶粉 800 g", "lot": "M-7", "expires_on": "2029-04-01", "produced_on": "",
        "units": 1, "is_serial": False,
    }  # fmt: skip
    assert read("TEA-1")["kind"] == "goods"
    assert read("A-02") == {"kind": "bin", "code": "A-02"}
    assert read("\x00")["kind"] == "unknown"


def test_skus_are_made_and_mended(scene: Scene) -> None:
    operator = sign_in(scene.tenant_id, Role.OPERATOR)
    body = {"code": "CUP-1", "name": "杯", "unit": "个", "barcodes": "690001 690002", "parcel_rule": 1}
    assert operator.post("/skus/new/", body).status_code == 302
    with tenant(scene.tenant_id):
        sku = Sku.objects.get(code="CUP-1")
        assert sku.weight_g is None
    assert "已经有 CUP-1 了" in operator.post("/skus/new/", body | {"barcodes": ""}).content.decode()
    page = page_of(operator, f"/skus/{sku.id}/edit/")
    assert "690001" in page
    mended = body | {"code": "OTHER", "weight_g": 300, "barcodes": "690001 690003"}
    assert operator.post(f"/skus/{sku.id}/edit/", mended).status_code == 302
    with tenant(scene.tenant_id):
        sku.refresh_from_db()
        assert sku.code == "CUP-1"
        assert Sku.objects.get(weight_g=300).id == sku.id
        assert "690003" in queries.list_barcodes(sku.id)
    assert "CUP-1" in page_of(operator, "/skus/?q=CUP")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"barcodes": MILK_BARCODE}, f"条码 {MILK_BARCODE} 已经是 MILK-800 的了"),
        ({"barcodes": "x" * 65}, "太长"),
        ({"weight_g": 0}, "不能小于 1"),
        ({"length_mm": 5}, "要么都填"),
        ({"parcel_rule": 4}, "要填每箱几件"),
        ({"parcel_rule": 9}, "9"),
        ({"code": ""}, "要填。"),
        ({"code": "A\x00B"}, ""),
    ],
)
def test_a_wrong_sku_is_told_at_its_field(scene: Scene, change: dict[str, object], told: str) -> None:
    operator = sign_in(scene.tenant_id, Role.OPERATOR)
    body = {"code": "CUP-1", "name": "杯", "unit": "个", "parcel_rule": 1} | change
    answer = operator.post("/skus/new/", body)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    with tenant(scene.tenant_id):
        assert not Sku.objects.filter(name="杯").exists()
