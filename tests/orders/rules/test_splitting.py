"""Every row of the case table of the big-item split, by example."""

from dataclasses import replace

import pytest

from orders.rules.audit import SKU_UNMAPPED, WEIGHT_UNKNOWN
from orders.rules.splitting import (
    ALONE,
    BULKY,
    CASE,
    CASE_QUANTITY_UNKNOWN,
    CLASS,
    LIMIT,
    NO_LIMIT,
    OVER_CARRIER_LIMIT,
    RIDES_ONLY,
    RIDES_WITH_NOTHING,
    SIZE_UNKNOWN,
    SMALL,
    WHOLE,
    SplitPlan,
    ready,
    split,
)
from orders.rules.values import CarrierLimit, Line, ParcelRule, Sku

VACUUM, STAND, FILTER, MANUAL, SAFE, WATER, ICE, DOOR, FRAME = range(1, 10)


def make_sku(ident: int, rule: ParcelRule, weight_g: int | None, **fields: object) -> Sku:
    sku = Sku(ident, weight_g, 100, 100, 100, rule, None, "")
    return replace(sku, **fields)  # type: ignore[arg-type]


SKUS = {
    sku.id: sku
    for sku in (
        make_sku(VACUUM, ParcelRule.BULKY, 6000),
        make_sku(STAND, ParcelRule.NORMAL, 1500),
        make_sku(FILTER, ParcelRule.NORMAL, 200),
        make_sku(MANUAL, ParcelRule.RIDES_ALONG, 50),
        make_sku(SAFE, ParcelRule.ALONE, 9000),
        make_sku(WATER, ParcelRule.CASE_PACK, 600, case_quantity=12),
        make_sku(ICE, ParcelRule.NORMAL, 300, shipping_class="cold"),
        make_sku(DOOR, ParcelRule.BULKY, 8000),
        make_sku(FRAME, ParcelRule.BULKY, 7000),
    )
}
Contents = list[tuple[str, dict[int, int]]]


def lines_of(*wanted: tuple[int, int] | tuple[int, int, int]) -> list[Line]:
    return [
        Line(ident, sku_id, quantity, 100, *bundle)
        for ident, (sku_id, quantity, *bundle) in enumerate(wanted, start=1)
    ]


def contents(plan: SplitPlan) -> Contents:
    return [(parcel.reason, {item.sku_id: item.quantity for item in parcel.items}) for parcel in plan.parcels]


def codes(plan: SplitPlan) -> list[tuple[str, bool]]:
    return [(finding.code, finding.stops) for finding in plan.findings]


def up_to(weight_g: int) -> CarrierLimit:
    return CarrierLimit(weight_g=weight_g, volume_mm3=None, longest_mm=None)


def test_three_vacuums_a_stand_and_seven_filters_are_three_parcels() -> None:
    plan = split(lines_of((VACUUM, 3), (STAND, 1), (FILTER, 7)), SKUS)
    assert contents(plan) == [
        (BULKY, {VACUUM: 1, STAND: 1, FILTER: 7}),
        (BULKY, {VACUUM: 1}),
        (BULKY, {VACUUM: 1}),
    ]
    assert [parcel.weight_g for parcel in plan.parcels] == [8900, 6000, 6000]
    assert plan.findings == ()


def test_small_things_are_one_parcel() -> None:
    plan = split(lines_of((STAND, 1), (FILTER, 7)), SKUS)
    assert contents(plan) == [(WHOLE, {STAND: 1, FILTER: 7})]
    assert plan.parcels[0].weight_g == 2900


def test_nothing_is_no_parcel() -> None:
    assert split([], SKUS) == SplitPlan((), ())


@pytest.mark.parametrize("stops", [True, False])
def test_alone_and_ride_alongs_only(stops: bool) -> None:
    plan = split(lines_of((SAFE, 2), (MANUAL, 3)), SKUS, lone_rides_stop=stops)
    assert contents(plan) == [(ALONE, {SAFE: 1}), (ALONE, {SAFE: 1}), (RIDES_ONLY, {MANUAL: 3})]
    assert codes(plan) == [(RIDES_WITH_NOTHING, stops)]
    assert dict(plan.findings[0].detail) == {"lines": (2,)}


def test_ride_alongs_alone_in_the_order() -> None:
    plan = split(lines_of((MANUAL, 3)), SKUS)
    assert contents(plan) == [(RIDES_ONLY, {MANUAL: 3})]
    assert codes(plan) == [(RIDES_WITH_NOTHING, False)]


def test_ride_alongs_ride_with_small_things() -> None:
    plan = split(lines_of((MANUAL, 3), (FILTER, 1), (SAFE, 1)), SKUS)
    assert contents(plan) == [(ALONE, {SAFE: 1}), (SMALL, {MANUAL: 3, FILTER: 1})]
    assert plan.findings == ()


@pytest.mark.parametrize(
    "limit",
    [up_to(5999), CarrierLimit(None, 999_999, None), CarrierLimit(None, None, 99)],
)
def test_one_unit_over_the_limit_is_a_finding_and_no_parcel(limit: CarrierLimit) -> None:
    plan = split(lines_of((VACUUM, 1)), SKUS, limit)
    assert (plan.parcels, codes(plan)) == ((), [(OVER_CARRIER_LIMIT, True)])


def test_full_cases_and_the_rest_is_normal() -> None:
    plan = split(lines_of((WATER, 29), (FILTER, 1)), SKUS)
    assert contents(plan) == [(CASE, {WATER: 12}), (CASE, {WATER: 12}), (SMALL, {WATER: 5, FILTER: 1})]


def test_cases_are_filled_across_lines() -> None:
    plan = split(lines_of((WATER, 8), (WATER, 8)), SKUS)
    items = [[(item.line_id, item.quantity) for item in parcel.items] for parcel in plan.parcels]
    assert items == [[(1, 8), (2, 4)], [(2, 4)]]


def test_what_is_left_of_cases_is_left_of_the_bundle() -> None:
    lines = lines_of((WATER, 8, 3), (WATER, 8), (VACUUM, 1), (VACUUM, 1, 3))
    items = [[(i.line_id, i.quantity) for i in parcel.items] for parcel in split(lines, SKUS).parcels]
    assert items == [[(3, 1)], [(1, 4), (4, 1)], [(1, 4), (2, 8)]]


def test_a_full_case_over_the_limit_is_not_opened_silently() -> None:
    assert codes(split(lines_of((WATER, 12)), SKUS, up_to(7000))) == [(OVER_CARRIER_LIMIT, True)]
    assert contents(split(lines_of((WATER, 11)), SKUS, up_to(7000))) == [(WHOLE, {WATER: 11})]


def test_one_product_in_several_cartons() -> None:
    plan = split(lines_of((DOOR, 2, 5), (FRAME, 4, 5), (FILTER, 1)), SKUS)
    cartons = [(p.items[0].sku_id, p.carton, p.cartons) for p in plan.parcels]
    assert cartons == [
        (DOOR, 1, 3),
        (DOOR, 1, 3),
        (FRAME, 2, 3),
        (FRAME, 3, 3),
        (FRAME, 2, 3),
        (FRAME, 3, 3),
    ]


def test_bundle_parts_ride_with_their_own_bundle_first() -> None:
    plan = split(lines_of((VACUUM, 1, 1), (FILTER, 1, 1), (DOOR, 1, 2), (FILTER, 2, 2), (STAND, 1)), SKUS)
    items = [[(item.line_id, item.quantity) for item in parcel.items] for parcel in plan.parcels]
    assert items == [[(1, 1), (2, 1), (5, 1)], [(3, 1), (4, 2)]]
    assert all(parcel.cartons == 0 for parcel in plan.parcels)


def test_bulky_elsewhere_the_accessory_goes_alone() -> None:
    """Routing already parted the order: this facility has only the accessory."""
    assert contents(split(lines_of((STAND, 1)), SKUS)) == [(WHOLE, {STAND: 1})]


def test_three_bulky_two_in_stock() -> None:
    lines = lines_of((VACUUM, 3), (STAND, 1), (FILTER, 7))
    readiness = ready(lines, {VACUUM: 2, STAND: 1, FILTER: 7})
    first, later = split(readiness.now, SKUS), split(readiness.later, SKUS)
    assert contents(first) == [(BULKY, {VACUUM: 1, STAND: 1, FILTER: 7}), (BULKY, {VACUUM: 1})]
    assert contents(later) == [(BULKY, {VACUUM: 1})]


def test_a_product_in_several_cartons_is_held_back_together() -> None:
    lines = lines_of((DOOR, 1, 5), (FRAME, 1, 5), (STAND, 1))
    readiness = ready(lines, {DOOR: 1, STAND: 1})
    assert [line.sku_id for line in readiness.now] == [STAND]
    assert [line.sku_id for line in readiness.later] == [DOOR, FRAME]


def test_shipping_class_parts_first() -> None:
    plan = split(lines_of((VACUUM, 1), (FILTER, 1), (ICE, 2)), SKUS)
    assert contents(plan) == [(BULKY, {VACUUM: 1, FILTER: 1}), (CLASS, {ICE: 2})]


def test_unknown_weight_is_a_finding_never_zero() -> None:
    skus = SKUS | {FILTER: make_sku(FILTER, ParcelRule.NORMAL, None)}
    plan = split(lines_of((FILTER, 1), (STAND, 1)), skus)
    assert contents(plan) == [(WHOLE, {FILTER: 1, STAND: 1})]
    assert plan.parcels[0].weight_g is None
    assert codes(plan) == [(WEIGHT_UNKNOWN, False)]
    limited = split(lines_of((FILTER, 1), (STAND, 1)), skus, up_to(30_000))
    assert (limited.parcels, codes(limited)) == ((), [(WEIGHT_UNKNOWN, True)])


def test_unknown_size_matters_only_where_size_is_limited() -> None:
    skus = SKUS | {FILTER: make_sku(FILTER, ParcelRule.NORMAL, 200, height_mm=None)}
    lines = lines_of((FILTER, 1))
    assert split(lines, skus, up_to(30_000)).findings == ()
    for limit in (CarrierLimit(None, 10**9, None), CarrierLimit(None, None, 2000)):
        plan = split(lines, skus, limit)
        assert (plan.parcels, codes(plan)) == ((), [(SIZE_UNKNOWN, True)])


def test_every_finding_at_once() -> None:
    skus = {
        1: make_sku(1, ParcelRule.BULKY, 99_000),
        2: make_sku(2, ParcelRule.NORMAL, None, length_mm=None),
        3: make_sku(3, ParcelRule.CASE_PACK, 1),
    }
    plan = split(lines_of((1, 1), (2, 1), (3, 1), (4, 1)), skus, CarrierLimit(30_000, 10**9, None))
    assert plan.parcels == ()
    assert {finding.code: dict(finding.detail)["lines"] for finding in plan.findings} == {
        SKU_UNMAPPED: (4,),
        WEIGHT_UNKNOWN: (2,),
        SIZE_UNKNOWN: (2,),
        CASE_QUANTITY_UNKNOWN: (3,),
        OVER_CARRIER_LIMIT: (1,),
    }


def test_small_things_stay_together_on_the_first_parcel_that_takes_them_all() -> None:
    lines = lines_of((DOOR, 1), (VACUUM, 1), (STAND, 2), (FILTER, 5))
    plan = split(lines, SKUS, up_to(9000))
    assert contents(plan) == [(BULKY, {DOOR: 1, FILTER: 5}), (BULKY, {VACUUM: 1, STAND: 2})]
    roomier = split(lines, SKUS, up_to(10_000))
    assert contents(roomier) == [(BULKY, {DOOR: 1}), (BULKY, {VACUUM: 1, STAND: 2, FILTER: 5})]


def test_what_no_bulky_parcel_takes_is_packed_by_weight() -> None:
    plan = split(lines_of((VACUUM, 1), (STAND, 3), (FILTER, 7)), SKUS, up_to(6000))
    assert contents(plan) == [(BULKY, {VACUUM: 1}), (SMALL, {STAND: 3, FILTER: 7})]
    tight = split(lines_of((VACUUM, 1), (STAND, 4), (FILTER, 7)), SKUS, up_to(6000))
    assert contents(tight) == [(BULKY, {VACUUM: 1}), (SMALL, {STAND: 4}), (LIMIT, {FILTER: 7})]


def test_a_line_is_divided_only_when_no_parcel_takes_it_whole() -> None:
    plan = split(lines_of((STAND, 9)), SKUS, up_to(6000))
    assert contents(plan) == [(SMALL, {STAND: 4}), (LIMIT, {STAND: 4}), (LIMIT, {STAND: 1})]


def test_volume_counts_as_weight_does() -> None:
    plan = split(lines_of((FILTER, 7)), SKUS, CarrierLimit(None, 3_000_000, None))
    assert contents(plan) == [(SMALL, {FILTER: 3}), (LIMIT, {FILTER: 3}), (LIMIT, {FILTER: 1})]


def test_ride_alongs_spread_before_they_travel_alone() -> None:
    plan = split(lines_of((VACUUM, 2), (MANUAL, 5)), SKUS, up_to(6150))
    assert contents(plan) == [(BULKY, {VACUUM: 1, MANUAL: 3}), (BULKY, {VACUUM: 1, MANUAL: 2})]
    full = split(lines_of((VACUUM, 2), (MANUAL, 9)), SKUS, up_to(6150))
    assert contents(full)[-1] == (RIDES_ONLY, {MANUAL: 3})
    assert codes(full) == [(RIDES_WITH_NOTHING, False)]


def test_a_huge_line_without_a_limit_is_one_item() -> None:
    assert contents(split(lines_of((FILTER, 80_995)), SKUS, NO_LIMIT)) == [(WHOLE, {FILTER: 80_995})]
    plan = split(lines_of((FILTER, 80_995)), SKUS, up_to(30_000))
    assert len(plan.parcels) == 540
    assert sum(item.quantity for parcel in plan.parcels for item in parcel.items) == 80_995
