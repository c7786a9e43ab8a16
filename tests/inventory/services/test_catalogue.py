"""SKUs with all that is known of them, their barcodes, archive instead of delete."""

import pytest
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext

from core.errors import Conflict, Invalid
from core.models import AuditEntry
from core.tenancy import tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import Barcode, Category, LotOrder, Product, Sku, Tracking
from inventory.services import catalogue, products
from inventory.services.bundles import BundleInput, save_bundles
from inventory.services.catalogue import SkuInput, create_missing, save_skus
from inventory.services.products import ProductInput
from tests import builders as make
from tests.steps import count_statements


def barcodes(sku_id: int) -> dict[str, int]:
    return dict(Barcode.objects.filter(sku=sku_id).values_list("code", "quantity"))


def test_everything_that_is_entered_is_kept(tenant_id: int) -> None:
    with tenant(tenant_id):
        product = products.save_products([ProductInput("P", "杯子", "鲶鱼")])["P"]
        category = products.ensure_categories([" 餐具 / 杯 "])["餐具/杯"]
        sku = SkuInput(
            "A",
            "杯子 红",
            300,
            (80, 80, 100),
            4,
            12,
            "易碎",
            min_remaining_days=30,
            unit="个",
            shelf_life_months=18,
            spec="红",
            product_id=product,
            category_id=category,
            tracking=Tracking.SERIAL,
            lot_order=LotOrder.FIFO,
            one_lot_per_parcel=True,
            cost_minor=1250,
            barcodes=("690", ("691", 12)),
        )
        id_ = save_skus([sku], actor_id=make.make_user())["A"]
        row = Sku.objects.get(id=id_)
        assert barcodes(id_) == {"690": 1, "691": 12}
        assert AuditEntry.objects.get(object_kind="sku").object_id == id_
    names = (
        "weight_g case_quantity shipping_class min_remaining_days unit shelf_life_days shelf_life_months spec product_id category_id"
        " tracking lot_order one_lot_per_parcel cost_minor length_mm width_mm height_mm parcel_rule is_active"
    )
    assert [getattr(row, name) for name in names.split()] == [
        300, 12, "易碎", 30, "个", None, 18, "红", product, category, 2, 1, True, 1250, 80, 80, 100, 4, True,
    ]  # fmt: skip


def test_a_cost_that_is_not_said_stays(tenant_id: int) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "甲", cost_minor=100), SkuInput("B", "乙")])
        save_skus([SkuInput("A", "甲甲"), SkuInput("B", "乙", cost_minor=None)])
        assert dict(Sku.objects.values_list("code", "cost_minor")) == {"A": 100, "B": None}
        save_skus([SkuInput("A", "甲甲", cost_minor=None)])
        assert Sku.objects.get(code="A").cost_minor is None


def test_barcodes_are_added_changed_and_removed(tenant_id: int) -> None:
    with tenant(tenant_id):
        id_ = save_skus([SkuInput("A", "甲", barcodes=["1", ("2", 6)])])["A"]
        save_skus([SkuInput("A", "甲")])
        assert barcodes(id_) == {"1": 1, "2": 6}, "not said: left as they are"
        save_skus([SkuInput("A", "甲", barcodes=[("2", 12), "3"])])
        assert barcodes(id_) == {"2": 12, "3": 1}
        save_skus([SkuInput("A", "甲", barcodes=[])])
        assert barcodes(id_) == {}


def test_a_barcode_has_one_owner(tenant_id: int) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "甲", barcodes=["1"])])
    for batch in ([SkuInput("B", "乙", barcodes=["1"])], [SkuInput(c, c, barcodes=["9"]) for c in "BC"]):
        with pytest.raises(Conflict) as refusal, tenant(tenant_id):
            save_skus(batch)
        assert refusal.value.code == "barcode_taken"
    with tenant(tenant_id):
        assert Sku.objects.count() == 1


def test_a_code_is_a_sku_or_a_bundle(tenant_id: int) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "甲", barcodes=["1"])])
        save_bundles([BundleInput("SET", "礼盒", [("A", 2)])])
    for bad in (SkuInput("SET", "x"), SkuInput("B", "x", barcodes=["SET"])):
        with pytest.raises(Conflict) as refusal, tenant(tenant_id):
            save_skus([bad])
        assert (refusal.value.code, refusal.value.fields["codes"]) == ("code_taken", ["SET"])
    with tenant(tenant_id):
        assert create_missing(codes=["SET", "A", "1", "NEW"], defaults=SkuInput("", "")).keys() == {"NEW"}


@pytest.mark.parametrize("code", ["A", "1"])
def test_a_bundle_may_not_take_the_code_of_goods(tenant_id: int, code: str) -> None:
    with tenant(tenant_id):
        save_skus([SkuInput("A", "甲", barcodes=["1"])])
    with pytest.raises(Conflict) as refusal, tenant(tenant_id):
        save_bundles([BundleInput(code, "礼盒", [("A", 2)])])
    assert refusal.value.code == "code_taken"


def test_archived_goods_are_not_bought_and_come_back(tenant_id: int) -> None:
    with tenant(tenant_id):
        one, two = make.make_sku(code="A"), make.make_sku(code="B")
        assert catalogue.archive_skus(sku_ids=[one], actor_id=None) == 1
        assert catalogue.archive_skus(sku_ids=[one, two], actor_id=None) == 1
        catalogue.restore_skus(sku_ids=[two], actor_id=None)
        catalogue.refuse_archived([two])
        with pytest.raises(WrongState) as refusal:
            catalogue.refuse_archived([one, two])
        assert refusal.value.fields["codes"] == ["A"]
        with pytest.raises(UnknownGoods):
            catalogue.archive_skus(sku_ids=[one, 7], actor_id=None)
        save_skus([SkuInput("A", "甲甲")])
        assert not Sku.objects.get(code="A").is_active, "saving does not restore"


def test_archived_goods_still_leave(tenant_id: int) -> None:
    """What is there is sold and shipped as before: its balance sells."""
    from inventory import queries

    with tenant(tenant_id):
        bin_id = make.make_bin(facility := make.make_facility())
        sku = make.make_sku()
        make.make_stock(bin_id, sku, 5)
        catalogue.archive_skus(sku_ids=[sku], actor_id=None)
        assert queries.list_available([facility], {sku: make.NEVER.replace(year=2000)}) == {
            (facility, sku): 5
        }


def test_tracking_does_not_change_under_stock(tenant_id: int) -> None:
    with tenant(tenant_id):
        bin_id = make.make_bin(make.make_facility())
        make.make_stock(bin_id, make.make_sku(code="A"), 5)
        make.make_sku(code="B")
        save_skus([SkuInput("B", "乙", tracking=Tracking.SERIAL)])
        with pytest.raises(WrongState) as refusal:
            save_skus([SkuInput("A", "甲", tracking=Tracking.SERIAL)])
        assert refusal.value.code == "tracking_in_use"


def test_a_shelf_life_in_days_and_months_is_refused_by_the_database(tenant_id: int) -> None:
    with pytest.raises(IntegrityError), tenant(tenant_id):
        save_skus([SkuInput("A", "甲", shelf_life_days=30, shelf_life_months=1)])


def statements(tenant_id: int, count: int) -> int:
    with tenant(tenant_id), CaptureQueriesContext(connection) as seen:
        save_skus(
            [SkuInput(f"{count}-{n}", "x", barcodes=[f"{count}{n:05}"], cost_minor=n) for n in range(count)]
        )
        save_bundles([BundleInput(f"S{count}-{n}", "x", [(f"{count}-{n}", 2)]) for n in range(count)])
    return count_statements(seen)


def test_saving_many_costs_what_saving_one_costs(tenant_id: int) -> None:
    statements(tenant_id, 2)
    assert statements(tenant_id, 300) <= statements(tenant_id, 1) + 1  # an id block now and then


def test_bundles_have_exactly_their_parts(tenant_id: int) -> None:
    from inventory.queries.catalogue import find_bundles, get_bundle

    with tenant(tenant_id):
        for code in "ABC":
            make.make_sku(code=code)
        (id_,) = save_bundles([BundleInput("SET", "礼盒", [("A", 2), ("B", 1)])]).values()
        save_bundles([BundleInput("SET", "大礼盒", [("C", 4), ("A", 3)], is_cartons=True)])
        found = find_bundles(["SET", "A", "NOPE"])
        assert set(found) == {"SET"}
        assert (found["SET"].name, found["SET"].is_cartons, found["SET"].units) == ("大礼盒", True, 7)
        assert [(part.code, part.quantity) for part in found["SET"].parts] == [("A", 3), ("C", 4)]
        assert get_bundle(id_) == found["SET"]
        with pytest.raises(UnknownGoods):
            get_bundle(7)


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ((), Invalid),
        ((("A", 1), ("A", 2)), Invalid),
        ((("A", 0),), Invalid),
        ((("SET", 1),), UnknownGoods),
        ((("NOPE", 1),), UnknownGoods),
        ((("OLD", 1),), WrongState),
    ],
)
def test_a_bundle_of_nothing_of_itself_or_of_old_goods_is_refused(
    tenant_id: int, parts: tuple[tuple[str, int], ...], error: type[Exception]
) -> None:
    with tenant(tenant_id):
        make.make_sku(code="A")
        catalogue.archive_skus(sku_ids=[make.make_sku(code="OLD")], actor_id=None)
        save_bundles([BundleInput("SET", "礼盒", [("A", 2)])])
    with pytest.raises(error), tenant(tenant_id):
        save_bundles([BundleInput("SET2", "x", parts)])


def test_an_archived_part_may_stay(tenant_id: int) -> None:
    with tenant(tenant_id):
        sku = make.make_sku(code="A")
        save_bundles([BundleInput("SET", "礼盒", [("A", 2)])])
        catalogue.archive_skus(sku_ids=[sku], actor_id=None)
        save_bundles([BundleInput("SET", "礼盒二", [("A", 3)])])


def test_categories_move_with_what_is_below(tenant_id: int) -> None:
    with tenant(tenant_id):
        ids = products.ensure_categories(["食品", "食品/饼干", "食品类", "用品"])
        assert products.ensure_categories(["食品"]) == {"食品": ids["食品"]}
        assert products.rename_category(category_id=ids["食品"], path="吃的", actor_id=None) == 2
        assert set(Category.objects.values_list("path", flat=True)) == {"吃的", "吃的/饼干", "食品类", "用品"}
        for path in ("用品", "吃的/饼干", "吃的/零食"):
            with pytest.raises(Conflict):
                products.rename_category(category_id=ids["食品"], path=path, actor_id=None)
        with pytest.raises(Invalid):
            products.rename_category(category_id=ids["食品"], path=" / ", actor_id=None)
        with pytest.raises(UnknownGoods):
            products.rename_category(category_id=7, path="x", actor_id=None)


def test_products_are_made_once(tenant_id: int) -> None:
    with tenant(tenant_id):
        first = products.save_products([ProductInput("P", "杯子", "鲶鱼")])
        assert products.ensure_products(["P", "Q"]) == first | {"Q": Product.objects.get(code="Q").id}
        assert Product.objects.get(code="P").brand == "鲶鱼"
