"""Goods by the platform's own ids: which comes before which, remembered by hand, and what it costs."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import db, relay
from inventory.errors import UnknownGoods
from inventory.models import Barcode, Sku
from inventory.services.bundles import BundleInput, save_bundles
from orders.importing.settings import Options
from orders.models import Listing, OrderLine, OrderStatus, StockLevel
from orders.rules import audit
from orders.rules.after_sales import Withdrawn
from orders.rules.incoming import IncomingLine, IncomingOrder, code_by_ids, is_by_ids
from orders.services import desk, mapping, opening, refunds
from orders.services.refunds import RefundInput
from orders.services.stock_setup import ListingInput, save_listings
from tests import builders as make
from tests import laws
from tests.orders.services.scene import Shop, findings, order_of, parcels, push, status_of
from tests.steps import Do, count_statements

FULFILLING, STOPPED = OrderStatus.FULFILLING, OrderStatus.STOPPED


@pytest.fixture
def shop(do: Do) -> Shop:
    shop = do(Shop)
    for code in ("A", "B", "C"):
        do(shop.stock, code, 50)
    return shop


def sku(code: str) -> int:
    return int(Sku.objects.get(code=code).id)


def lists(do: Do, shop: Shop, code: str, item: str, variant: str = "", channel: int | None = None) -> None:
    """The shop sells this SKU under these ids."""
    do(
        lambda: save_listings(
            listings=[ListingInput(channel or shop.channel, sku(code), item, variant)], actor_id=None
        )
    )


def sold(number: str, *lines: tuple[str, str, str]) -> IncomingOrder:
    """One unit of each (merchant's code or empty, item, variant)."""
    made = make.incoming(*[("X", 1)] * len(lines), number=number)
    return replace(
        made,
        lines=tuple(
            IncomingLine(code or code_by_ids(item, variant), 1, 1_000, n, item, variant)
            for n, (code, item, variant) in enumerate(lines, 1)
        ),
    )


def codes(do: Do, number: str) -> list[str | None]:
    """The SKUs of the lines, by code; None: not mapped."""
    found = do(
        lambda: list(
            OrderLine.objects.filter(order_id=order_of(number).id).order_by("id").values_list("sku__code")
        )
    )
    return [code for (code,) in found]


def test_a_listed_item_is_its_sku_where_the_shop_wrote_no_code(do: Do, shop: Shop) -> None:
    lists(do, shop, "A", "600", "601")
    lists(do, shop, "B", "700")
    push(do, shop, sold("T-1", ("", "600", "601"), ("", "700", "")))
    assert (do(status_of, "T-1"), codes(do, "T-1")) == (FULFILLING, ["A", "B"])
    assert do(parcels, "T-1") == [{do(sku, "A"): 1, do(sku, "B"): 1}]
    assert laws.broken(do.tenant_id) == []


def test_a_code_that_is_a_skus_comes_before_the_ids(do: Do, shop: Shop) -> None:
    lists(do, shop, "A", "600")
    push(do, shop, sold("T-1", ("B", "600", "")))
    assert codes(do, "T-1") == ["B"]


def test_so_does_a_barcode_and_what_a_person_said_of_a_code(do: Do, shop: Shop) -> None:
    lists(do, shop, "A", "600")
    do(lambda: mapping.map_codes(meanings={"69000": sku("B"), "theirs": sku("C")}, actor_id=None))
    push(do, shop, sold("T-1", ("69000", "600", ""), ("theirs", "600", "")))
    assert codes(do, "T-1") == ["B", "C"]


def test_so_does_a_bundle(do: Do, shop: Shop) -> None:
    do(lambda: save_bundles([BundleInput("SET", "套装", (("B", 1), ("C", 1)))]))
    lists(do, shop, "A", "600")
    push(do, shop, sold("T-1", ("SET", "600", "")))
    assert sorted(map(str, codes(do, "T-1"))) == ["B", "C"]


def test_a_code_that_nobody_knows_leaves_it_to_the_ids(do: Do, shop: Shop) -> None:
    lists(do, shop, "A", "600", "601")
    push(do, shop, sold("T-1", ("typo", "600", "601"), ("typo", "600", "602")))
    assert (codes(do, "T-1"), do(status_of, "T-1")) == (["A", None], STOPPED), "one code, two goods"


def test_ids_say_nothing_of_another_shop_another_variant_or_an_item_with_variants(do: Do, shop: Shop) -> None:
    other = do(make.make_channel, shop.facility)
    lists(do, shop, "A", "600", channel=other)
    lists(do, shop, "B", "700", "701")
    push(do, shop, sold("T-1", ("", "600", ""), ("", "700", "702"), ("", "700", "")))
    assert codes(do, "T-1") == [None, None, None]
    stored = do(
        lambda: list(
            OrderLine.objects.order_by("id").values_list("external_code", "external_item", "external_variant")
        )
    )
    assert stored == [("600", "600", ""), ("700:702", "700", "702"), ("700", "700", "")]


def test_a_line_that_is_mapped_keeps_no_ids_and_gifts_and_bundles_do_not_mix_them_up(
    do: Do, shop: Shop
) -> None:
    do(lambda: save_bundles([BundleInput("SET", "套装", (("B", 1), ("C", 1)))]))
    push(do, shop, sold("T-1", ("SET", "1", ""), ("new", "2", "3"), ("A", "4", ""), ("new", "5", "6")))
    stored = do(
        lambda: list(
            OrderLine.objects.order_by("id").values_list("external_code", "external_item", "external_variant")
        )
    )
    assert stored == [("", "", ""), ("", "", ""), ("new", "2", "3"), ("", "", ""), ("new", "5", "6")]


# ── remembered by hand ──


def test_without_a_code_the_ids_are_remembered_for_this_shop_alone(do: Do, shop: Shop) -> None:
    push(do, shop, sold("T-1", ("", "600", "601")))
    assert set(do(findings, "T-1")) == {audit.SKU_UNMAPPED}
    named = do(lambda: mapping.remember(code="600:601", sku_id=sku("A"), actor_id=None))
    assert named.is_by_ids and named.ids == ((shop.channel, "600", "601"),)
    assert do(lambda: Listing.objects.values_list("channel_id", "item", "variant", "sku__code").get()) == (
        shop.channel, "600", "601", "A",
    )  # fmt: skip
    assert not do(Barcode.objects.exists)
    assert do(lambda: mapping.find_listed(mapping.list_named(["600:601"])["600:601"])) == do(sku, "A")
    done = do(lambda: desk.release(order_ids=[order_of("T-1").id], actor_id=None, waived=()))
    assert (len(done.order_ids), codes(do, "T-1")) == (1, ["A"])
    push(do, shop, sold("T-2", ("", "600", "601")))
    assert do(status_of, "T-2") == FULFILLING
    relay.deliver(do.tenant_id)
    assert do(StockLevel.objects.count) == 1
    assert laws.broken(do.tenant_id) == []


def test_a_code_of_the_merchants_is_remembered_as_before_whatever_ids_stand_beside_it(
    do: Do, shop: Shop
) -> None:
    push(do, shop, sold("T-1", ("theirs", "600", "601")))
    do(lambda: mapping.remember(code="theirs", sku_id=sku("A"), actor_id=None))
    assert do(lambda: Barcode.objects.values_list("code", flat=True).get()) == "theirs"
    assert not do(Listing.objects.exists)


def test_a_sku_that_is_not_there_is_refused_either_way(do: Do, shop: Shop) -> None:
    push(do, shop, sold("T-1", ("", "600", ""), ("theirs", "", "")))
    for code in ("600", "theirs"):
        with pytest.raises(UnknownGoods):
            do(mapping.remember, code=code, sku_id=1, actor_id=None)


def test_a_release_maps_by_ids_in_the_orders_own_shop(do: Do, shop: Shop) -> None:
    push(do, shop, sold("T-1", ("typo", "600", "")))
    lists(do, shop, "B", "600", channel=do(make.make_channel, shop.facility))
    do(lambda: desk.release(order_ids=[order_of("T-1").id], actor_id=None))
    assert codes(do, "T-1") == [None]
    lists(do, shop, "A", "600")
    do(lambda: desk.release(order_ids=[order_of("T-1").id], actor_id=None))
    assert (codes(do, "T-1"), do(status_of, "T-1")) == (["A"], FULFILLING)


def test_a_line_that_a_refund_divides_keeps_its_ids(do: Do, shop: Shop) -> None:
    one = sold("T-1", ("", "600", "601"))
    push(do, shop, replace(one, lines=(replace(one.lines[0], quantity=3),), amount_minor=3_000))
    line = do(OrderLine.objects.get)
    do(refunds.ask, refunds=[RefundInput(line.order_id, "RF", 0, (Withdrawn(line.id, units=1),))])
    assert do(lambda: set(OrderLine.objects.values_list("external_item", "external_variant"))) == {
        ("600", "601")
    }


def test_no_sku_is_made_for_what_the_shop_lists(do: Do, shop: Shop) -> None:
    lists(do, shop, "A", "600", "601")
    lists(do, shop, "A", "700")
    do(opening.make_goods, shop.channel, {"600:601": 1, "700": 1, "600": 1, "new": 1}, Options(), "R")
    assert do(lambda: set(Sku.objects.values_list("code", flat=True))) == {"A", "B", "C", "600", "new"}


# ── cost, and words ──


def test_it_costs_two_statements_for_any_number_of_lines_and_none_where_codes_are_known(
    do: Do, shop: Shop
) -> None:
    def cost(*orders: IncomingOrder) -> int:
        with CaptureQueriesContext(connection) as seen:
            push(do, shop, *orders)
        return count_statements(seen)

    def batch(n: int, *line: str) -> list[IncomingOrder]:
        return [sold(make.unique("N"), (line[0], line[1], line[2])) for _ in range(n)]

    lists(do, shop, "A", "600", "601")
    cost(*batch(1, "A", "", ""))
    plain = cost(*batch(2, "A", "", ""))
    assert cost(*batch(2, "A", "600", "601")) == plain
    assert cost(*batch(1, "", "600", "601")) == cost(*batch(30, "", "600", "601"))
    unmapped = cost(*batch(1, "", "1", "2"))
    assert unmapped == cost(*batch(30, "", "1", "2"))
    asked = []
    for some in (["1:2"], ["1:2", "600", "x", "y"]):
        with CaptureQueriesContext(connection) as seen:
            do(mapping.list_named, some)
        asked.append(count_statements(seen))
    assert asked[0] == asked[1]


@pytest.mark.parametrize(("item", "variant", "code"), [
    ("600", "601", "600:601"), ("600", "", "600"), ("", "601", "601"), ("", "", ""), ("6" * 60, "7" * 9, "7" * 9),
])  # fmt: skip
def test_what_goods_without_a_code_are_called(item: str, variant: str, code: str) -> None:
    assert code_by_ids(item, variant) == code
    assert is_by_ids(code, item, variant) is bool(item)


def test_a_code_beside_ids_is_a_code() -> None:
    assert not is_by_ids("QY-1", "600", "601")
    assert is_by_ids("601", "600", "601"), "platforms that call goods by the variant alone"
    assert not is_by_ids("", "", "")


def test_lines_are_looked_at_by_shop_not_by_facility(do: Do, shop: Shop) -> None:
    """Two shops that sell different goods under one id."""
    other = do(Shop)
    push(do, shop, sold("T-1", ("", "600", "")))
    push(do, other, sold("T-2", ("", "600", "")))
    named = do(mapping.list_named, ["600"])["600"]
    assert set(named.ids) == {(shop.channel, "600", ""), (other.channel, "600", "")}
    lists(do, shop, "A", "600")
    lists(do, other, "B", "600")
    assert do(mapping.find_listed, named) is None, "it is not one thing"
    ids = [do(order_of, n).id for n in ("T-1", "T-2")]
    do(desk.release, order_ids=ids, actor_id=None)
    assert (codes(do, "T-1"), codes(do, "T-2")) == (["A"], ["B"])
    assert do(lambda: len(db.rows("SELECT 1 FROM orders_listing"))) == 2
