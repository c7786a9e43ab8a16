"""Pages of the catalogue: filters, archive, bundles with their parts, a file out and in again."""

import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from core import jobs
from core.accounts import Role
from core.sheets.writing import stream_csv
from core.tenancy import tenant
from inventory.models import Bundle, CatalogueImport, Category, Picture, Product, Sku
from inventory.queries.catalogue import find_bundles
from inventory.services.bundles import BundleInput, save_bundles
from inventory.services.catalogue import SkuInput, save_skus
from inventory.services.products import ensure_categories
from tests import builders as make
from tests.warehouse.people import sign_in


@pytest.fixture
def operator(tenant_id: int) -> Client:
    return sign_in(tenant_id, Role.OPERATOR)


def page_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", answer.content.decode())


def streamed(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def codes(client: Client, query: str) -> list[str]:
    return [sku.code for sku, _rule in client.get(f"/skus/{query}").context["rows"]]


def test_the_list_is_filtered_by_category_and_archive(tenant_id: int, operator: Client) -> None:
    with tenant(tenant_id):
        food = ensure_categories(["食品"])["食品"]
        ids = save_skus([SkuInput("A", "甲", category_id=food), SkuInput("B", "乙"), SkuInput("C", "丙")])
    assert operator.post(f"/skus/{ids['C']}/shelve/").status_code == 302
    assert codes(operator, "") == ["A", "B"]
    assert codes(operator, f"?category={food}") == ["A"]
    assert codes(operator, "?shown=archived") == ["C"]
    assert codes(operator, "?shown=all&q=B") == ["B"]
    assert "没有这样的商品" in page_of(operator, "/skus/?category=1")
    assert operator.post(f"/skus/{ids['C']}/shelve/", {"restore": "1"}).status_code == 302
    assert codes(operator, "?shown=archived") == []


def body(**changes: Any) -> dict[str, Any]:
    return {
        "code": "CUP",
        "name": "杯",
        "unit": "个",
        "parcel_rule": 1,
        "tracking": 1,
        "lot_order": 0,
    } | changes


def test_everything_of_a_sku_is_entered(tenant_id: int, operator: Client) -> None:
    with tenant(tenant_id):
        food = ensure_categories(["餐具"])["餐具"]
    assert operator.post("/skus/products/new/", {"code": "P", "name": "杯子"}).status_code == 302
    full = body(
        spec="红", product="P", category=food, barcodes="690 691*12", tracking=2, lot_order=1, shelf_life_months=18, cost="12.5",
        one_lot_per_parcel="on", shipping_class="易碎",
    )  # fmt: skip
    assert operator.post("/skus/new/", full).status_code == 302
    with tenant(tenant_id):
        sku = Sku.objects.get(code="CUP")
        assert (sku.spec, sku.category_id, sku.cost_minor, sku.shelf_life_months) == ("红", food, 1250, 18)
        assert (sku.tracking, sku.lot_order, sku.one_lot_per_parcel, sku.shipping_class) == (
            2,
            1,
            True,
            "易碎",
        )
    page = page_of(operator, f"/skus/{sku.id}/edit/")
    assert "690 691*12" in page
    assert 'value="12.50"' in page
    assert operator.post(f"/skus/{sku.id}/edit/", full | {"barcodes": "691*12"}).status_code == 302
    assert "690" not in page_of(operator, f"/skus/{sku.id}/edit/")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"product": "NOPE"}, "没有产品 NOPE"),
        ({"barcodes": "690*0"}, "条码写成"),
        ({"barcodes": "690 690*2"}, "写了两遍"),
        ({"shelf_life_days": 5, "shelf_life_months": 5}, "只填一个"),
        ({"cost": "1.005"}, "小数位太多"),
        ({"category": "77"}, "没有这个选项"),
        ({"code": "SET"}, "SET 已经是组合装的编码"),
        ({"barcodes": "SET"}, "SET 已经是组合装的编码"),
    ],
)
def test_what_is_wrong_is_told(tenant_id: int, operator: Client, change: dict[str, Any], told: str) -> None:
    with tenant(tenant_id):
        make.make_sku(code="A")
        save_bundles([BundleInput("SET", "礼盒", [("A", 1)])])
    answer = operator.post("/skus/new/", body(**change))
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_costs_are_for_few(tenant_id: int, operator: Client) -> None:
    with tenant(tenant_id):
        sku_id = save_skus([SkuInput("CUP", "杯", cost_minor=777)])["CUP"]
    keeper = sign_in(tenant_id, Role.WAREHOUSE)
    page = page_of(keeper, f"/skus/{sku_id}/edit/")
    assert "7.77" not in page
    assert keeper.post(f"/skus/{sku_id}/edit/", body(name="杯子", cost="1")).status_code == 302
    with tenant(tenant_id):
        assert Sku.objects.get(id=sku_id).cost_minor == 777
    assert "成本" not in streamed(keeper.get("/skus/export/")).decode()
    assert "7.77" in streamed(operator.get("/skus/export/")).decode()


def test_products_and_categories(tenant_id: int, operator: Client) -> None:
    assert operator.post("/skus/products/new/", {"code": "P", "name": "杯子"}).status_code == 302
    assert "已经有 P 了" in operator.post("/skus/products/new/", {"code": "P", "name": "x"}).content.decode()
    for path in ("食品/饼干", "食品"):
        assert operator.post("/skus/categories/", {"path": path}).status_code == 302
    with tenant(tenant_id):
        product, category = Product.objects.get(), Category.objects.get(path="食品")
    assert operator.post(f"/skus/products/{product.id}/", {"name": "水杯"}).status_code == 302
    assert "水杯" in page_of(operator, "/skus/products/?q=P")
    assert operator.post(f"/skus/categories/{category.id}/", {"path": "吃的"}).status_code == 302
    assert "吃的/饼干" in page_of(operator, "/skus/categories/")
    answer = operator.post(f"/skus/categories/{category.id}/", {"path": "吃的/饼干"})
    assert (answer.status_code, "不能搬进自己里面" in answer.content.decode()) == (422, True)
    reader = sign_in(tenant_id, Role.READONLY)
    assert "吃的" in page_of(reader, "/skus/categories/")
    assert reader.post("/skus/categories/", {"path": "x"}).status_code == 403


def lines(*parts: tuple[str, object]) -> dict[str, Any]:
    fields: dict[str, Any] = {"part-TOTAL_FORMS": len(parts), "part-INITIAL_FORMS": 0}
    for place, (code, units) in enumerate(parts):
        fields |= {f"part-{place}-sku": code, f"part-{place}-quantity": units}
    return fields


def test_bundles_are_made_and_mended(tenant_id: int, operator: Client) -> None:
    with tenant(tenant_id):
        make.make_sku(code="A", name="杯子")
        make.make_sku(code="B")
    head = {"code": "SET", "name": "礼盒"}
    assert operator.post("/skus/bundles/new/", head | lines(("A", 2), ("", ""), ("B", 1))).status_code == 302
    with tenant(tenant_id):
        card = find_bundles(["SET"])["SET"]
        assert card.values["parts"] == [["A", 2], ["B", 1]]
    page = page_of(operator, f"/skus/bundles/{card.id}/")
    assert "杯子" in page
    assert (
        operator.post(f"/skus/bundles/{card.id}/", {"name": "大礼盒"} | lines(("A", 5), ("", ""))).status_code
        == 302
    )
    page = page_of(operator, "/skus/bundles/")
    assert "A × 5" in page
    assert "大礼盒" in page
    assert operator.post(f"/skus/bundles/{card.id}/shelve/").status_code == 302
    page_of(operator, "/skus/")  # takes the toast, which names it
    assert "SET" not in page_of(operator, "/skus/bundles/")
    with tenant(tenant_id):
        assert not Bundle.objects.get().is_active


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"code": "A", "name": "x"} | lines(("B", 1)), "已经是商品的编码或条码"),
        ({"code": "S", "name": "x"} | lines(("", "")), "要有子件"),
        ({"code": "S", "name": "x"} | lines(("B", "")), "要填几件"),
        ({"code": "S", "name": "x"} | lines(("", 2)), "要填商家编码"),
        ({"code": "S", "name": "x"} | lines(("SET", 2)), "没有商品 SET"),
        ({"code": "SET", "name": "x"} | lines(("B", 2)), "已经有 SET 了"),
    ],
)
def test_a_wrong_bundle_is_told(tenant_id: int, operator: Client, fields: dict[str, Any], told: str) -> None:
    with tenant(tenant_id):
        make.make_sku(code="A")
        make.make_sku(code="B")
        save_bundles([BundleInput("SET", "礼盒", [("A", 1)])])
    answer = operator.post("/skus/bundles/new/", fields)
    assert answer.status_code == 422
    assert told in answer.content.decode()


def upload(client: Client, data: bytes, subject: int = 0, name: str = "商品.csv") -> Any:
    return client.post("/skus/import/", {"subject": subject, "file": SimpleUploadedFile(name, data)})


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("what", [0, 1])
def test_a_file_goes_out_and_comes_in_unchanged(
    tenant_id: int, operator: Client, kind: str, what: int
) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput(f"{n:04}", "=名", 5, barcodes=[f"69{n}"], cost_minor=n) for n in range(3)])
        save_bundles([BundleInput("SET", "-礼盒", [("0000", 2), ("0001", 1)], is_cartons=True)])
    path = "/skus/bundles/export/" if what else "/skus/export/"
    answer = operator.get(path, {"as": kind})
    data = streamed(answer)
    page = operator.get(upload(operator, data, what, f"x.{kind}")["Location"])
    counts = {word: n for _value, word, n, _hue in page.context["kinds"] if n}
    assert counts == {"没变化": 1 if what else 3}
    assert "和现在的资料一样" in page.content.decode()


def test_the_difference_is_shown_and_applied(tenant_id: int, operator: Client) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "旧名", 100)])
    rows = [("A", "新名", "200", ""), ("N", "新的", "", "69*6"), ("X", "", "很重", "")]
    data = b"".join(stream_csv(["商家编码", "名称", "重量(g)", "条码"], iter([rows])))
    address = upload(operator, data)["Location"]
    page = page_of(operator, address)
    assert "<del>旧名</del> → <ins>新名</ins>" in page
    assert "<del>100</del> → <ins>200</ins>" in page
    assert "69*6" in page
    assert "不是整数" in page
    assert "导入这 2 行" in page
    assert "旧名" not in page_of(operator, f"{address}?kind=5")
    assert operator.post(f"{address}start/").status_code == 302
    assert operator.post(f"{address}start/").status_code == 302, "a second click changes nothing"
    with tenant(tenant_id):
        job_id = CatalogueImport.objects.get().job_id
    assert job_id is not None
    jobs.run(tenant_id, job_id)
    assert "导入了" in page_of(operator, address)
    with tenant(tenant_id):
        assert dict(Sku.objects.values_list("code", "name")) == {"A": "新名", "N": "新的"}
    assert "做完了" in page_of(operator, "/skus/import/")


def test_a_file_that_cannot_be_read_says_why(tenant_id: int, operator: Client) -> None:
    for data, told in ((b"<html></html>", "HTML"), ("名称\n杯".encode(), "没有“商家编码”这一列")):
        answer = upload(operator, data)
        assert answer.status_code == 422
        assert told in answer.content.decode()
    assert "先选一个文件" in operator.post("/skus/import/", {"subject": 0}).content.decode()
    with tenant(tenant_id):
        assert not CatalogueImport.objects.exists()


@pytest.mark.parametrize("role", [Role.WAREHOUSE, Role.STORE, Role.FINANCE, Role.READONLY, Role.QUALITY])
def test_only_operators_import_and_archive(tenant_id: int, role: Role) -> None:
    with tenant(tenant_id):
        sku_id = make.make_sku()
    client = sign_in(tenant_id, role)
    assert client.get("/skus/import/").status_code == 403
    assert client.post(f"/skus/{sku_id}/shelve/").status_code == 403
    assert client.get("/skus/bundles/new/").status_code == 403
    assert client.get("/skus/export/").status_code == (403 if role == Role.STORE else 200)
    assert client.get("/skus/bundles/").status_code == 200


def drawn() -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (300, 200), "red").save(data, "PNG")
    return SimpleUploadedFile("杯.png", data.getvalue())


def test_pictures_are_seen_inside_the_tenant_only(
    tenant_id: int, other_tenant_id: int, operator: Client
) -> None:
    with tenant(tenant_id):
        sku_id = make.make_sku(code="CUP")
    assert operator.post(f"/skus/{sku_id}/pictures/", {"picture": drawn()}).status_code == 302
    with tenant(tenant_id):
        picture_id = Picture.objects.get().id
    for path in (f"/skus/pictures/{picture_id}/", f"/skus/pictures/{picture_id}/small/"):
        answer = operator.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith("private")
        assert answer.content.startswith(b"\xff\xd8")
        assert sign_in(other_tenant_id, Role.OPERATOR).get(path).status_code == 404
    assert f"/skus/pictures/{picture_id}/small/" in page_of(operator, "/skus/")
    assert f"/skus/pictures/{picture_id}/small/" in page_of(operator, f"/stock/{sku_id}/")
    reader = sign_in(tenant_id, Role.READONLY)
    assert reader.get(f"/skus/pictures/{picture_id}/").status_code == 200
    assert reader.post(f"/skus/pictures/{picture_id}/remove/").status_code == 403
    bad = SimpleUploadedFile("x.png", b"<svg/>")
    assert operator.post(f"/skus/{sku_id}/pictures/", {"picture": bad}).status_code == 422
    assert operator.post(f"/skus/pictures/{picture_id}/remove/").status_code == 302
    assert "/small/" not in page_of(operator, "/skus/")
