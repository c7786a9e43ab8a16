"""The catalogue as an integrator keeps it."""

from core.tenancy import tenant
from inventory.models import Category, Sku
from tests.api.client import Api
from tests.builders import make_sku

FULL = {
    "code": "A", "name": "杯子 红", "spec": "红", "product": "CUP", "category": "餐具/杯", "unit": "个", "weight_g": 300,
    "length_mm": 80, "width_mm": 80, "height_mm": 100, "parcel_rule": "CASE_PACK", "case_quantity": 12, "shipping_class": "易碎",
    "tracking": "SERIAL", "lot_order": "FIFO", "one_lot_per_parcel": True, "shelf_life_days": None, "shelf_life_months": 18,
    "min_remaining_days": 30, "barcodes": ["690", "691"], "barcode_quantities": {"691": 12},
}  # fmt: skip


def test_a_sku_comes_back_as_it_went_in(api: Api, tenant_id: int) -> None:
    answer = api.post("skus/", {"skus": [{**FULL, "cost": "12.50"}, {"code": "B", "name": "乙"}]})
    assert answer.status_code == 200, answer.content.decode()
    row = api.get(f"skus/{answer.json()['ids']['A']}/").json()
    assert {name: row[name] for name in FULL} == FULL
    assert "cost" not in row
    assert [one["code"] for one in api.all("skus/", category="餐具/杯")] == ["A"]
    assert [one["code"] for one in api.all("skus/", product="CUP")] == ["A"]
    assert api.all("skus/", category="餐具") == []
    with tenant(tenant_id):
        assert Sku.objects.get(code="A").cost_minor == 1250
    assert api.post("skus/", {"skus": [{"code": "A", "name": "杯子"}]}).status_code == 200
    row = api.all("skus/", code="A")[0]
    assert (row["barcodes"], row["barcode_quantities"], row["category"]) == (
        ["690", "691"],
        {"691": 12},
        None,
    )
    with tenant(tenant_id):
        assert Sku.objects.get(code="A").cost_minor == 1250, "not given: left as it is"
    assert (
        api.post("skus/", {"skus": [{"code": "A", "name": "杯子", "barcodes": ["691"]}]}).status_code == 200
    )
    assert api.all("skus/", code="A")[0]["barcodes"] == ["691"]


def test_what_cannot_be_is_named(api: Api) -> None:
    skus = [
        {"code": "A", "name": "x", "shelf_life_days": 1, "shelf_life_months": 1},
        {"code": "B", "name": "x", "barcodes": ["1"], "barcode_quantities": {"2": 3}},
        {"code": "C", "name": "x", "cost": "-1", "tracking": "MAYBE"},
    ]
    answer = api.post("skus/", {"skus": skus})
    assert answer.status_code == 422
    assert {error["pointer"] for error in answer.json()["errors"]} == {
        "#/skus/0/shelf_life_months", "#/skus/1/barcode_quantities", "#/skus/2/cost", "#/skus/2/tracking",
    }  # fmt: skip
    answer = api.post("skus/", {"skus": [{"code": "A", "name": "x", "cost": "1.005"}]})
    assert answer.status_code == 422


def test_archive_and_restore_by_code(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        make_sku(code="A")
        make_sku(code="B")
    assert api.post("skus/archive/", {"codes": ["A"]}).json() == {"changed": 1}
    assert api.post("skus/archive/", {"codes": ["A", "B"]}).json() == {"changed": 1}
    assert api.all("skus/", is_active="true") == []
    answer = api.post("skus/restore/", {"codes": ["A", "NOPE"]})
    assert (answer.status_code, answer.json()["fields"]["codes"]) == (404, ["NOPE"])
    assert api.post("skus/restore/", {"codes": ["A"]}).json() == {"changed": 1}
    assert [row["code"] for row in api.all("skus/", is_active="true")] == ["A"]


def test_products_and_categories(api: Api, tenant_id: int) -> None:
    body = {"products": [{"code": "P", "name": "杯子", "brand": "鲶鱼"}]}
    product_id = api.post("products/", body).json()["ids"]["P"]
    assert api.get(f"products/{product_id}/").json() == {"id": product_id, **body["products"][0]}
    assert [row["code"] for row in api.all("products/", code="P")] == ["P"]
    ids = api.post("categories/", {"paths": ["食品", "食品/饼干"]}).json()["ids"]
    answer = api.post(f"categories/{ids['食品']}/rename/", {"path": "吃的"})
    assert answer.json() == {"id": ids["食品"], "path": "吃的"}
    assert [row["path"] for row in api.all("categories/")] == ["吃的", "吃的/饼干"]
    with tenant(tenant_id):
        assert Category.objects.count() == 2


def test_bundles_are_kept_with_exactly_their_parts(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        ids = {code: make_sku(code=code, barcodes=[f"69{code}"]) for code in "AB"}
    bundle = {"code": "SET", "name": "礼盒", "is_cartons": True, "parts": [{"sku": "A", "quantity": 2}]}
    bundle_id = api.post("bundles/", {"bundles": [bundle]}).json()["ids"]["SET"]
    bundle["parts"] = [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 3}]
    assert api.post("bundles/", {"bundles": [bundle]}).status_code == 200
    row = api.get(f"bundles/{bundle_id}/").json()
    assert row["parts"] == [
        {"sku_id": ids["A"], "sku": "A", "quantity": 1},
        {"sku_id": ids["B"], "sku": "B", "quantity": 3},
    ]
    assert api.all("bundles/") == [row]
    for code in ("A", "69A"):
        answer = api.post("bundles/", {"bundles": [{**bundle, "code": code}]})
        assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
    answer = api.post("skus/", {"skus": [{"code": "SET", "name": "x"}]})
    assert (answer.status_code, answer.json()["code"]) == (409, "code_taken")
    answer = api.post("bundles/", {"bundles": [{**bundle, "parts": [{"sku": "SET", "quantity": 1}]}]})
    assert (answer.status_code, answer.json()["fields"]["codes"]) == (404, ["SET"])
    assert api.post("bundles/archive/", {"codes": ["SET"]}).json() == {"changed": 1}
    assert api.all("bundles/", is_active="true") == []
    assert api.post("bundles/restore/", {"codes": ["SET"]}).json() == {"changed": 1}


def test_nothing_crosses_merchants(api: Api, stranger: Api) -> None:
    api.post("skus/", {"skus": [{"code": "A", "name": "甲", "category": "食品"}]})
    api.post("bundles/", {"bundles": [{"code": "S", "name": "x", "parts": [{"sku": "A", "quantity": 1}]}]})
    for path in ("bundles/", "categories/", "products/", "skus/"):
        assert stranger.all(path) == []
    bundle_id = api.all("bundles/")[0]["id"]
    assert stranger.get(f"bundles/{bundle_id}/").status_code == 404
    assert stranger.post("bundles/archive/", {"codes": ["S"]}).status_code == 404
