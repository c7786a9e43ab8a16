"""The laws of the big-item split, for any order."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.splitting import (
    CASE,
    NO_LIMIT,
    OVER_CARRIER_LIMIT,
    RIDES_ONLY,
    RIDES_WITH_NOTHING,
    ParcelPlan,
    ready,
    split,
)
from orders.rules.values import CarrierLimit, Line, ParcelRule, Sku

SINGLE = (ParcelRule.BULKY, ParcelRule.ALONE)

skus = st.builds(
    lambda weight_g, side, rule, case, cls: Sku(0, weight_g, side, 20, 30, rule, case, cls),
    st.integers(0, 9),
    st.integers(1, 40),
    st.sampled_from(ParcelRule),
    st.integers(1, 4),
    st.sampled_from(["", "", "", "cold"]),
)
sku_maps = st.lists(skus, min_size=1, max_size=5).map(
    lambda found: {
        ident: Sku(
            ident,
            sku.weight_g,
            sku.length_mm,
            sku.width_mm,
            sku.height_mm,
            sku.parcel_rule,
            sku.case_quantity,
            sku.shipping_class,
        )
        for ident, sku in enumerate(found, start=1)
    }
)
limits = st.builds(
    CarrierLimit,
    st.one_of(st.none(), st.integers(9, 40)),
    st.one_of(st.none(), st.integers(24_000, 90_000)),
    st.one_of(st.none(), st.integers(35, 60)),
)


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Line], dict[int, Sku]]:
    known = draw(sku_maps)
    row = st.tuples(st.sampled_from(sorted(known)), st.integers(1, 7), st.sampled_from([0, 0, 1, 2]))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    lines = [
        Line(ident, sku, units, 100, bundle) for ident, (sku, units, bundle) in enumerate(rows, start=10)
    ]
    return lines, known


def rules_in(parcel: ParcelPlan, known: dict[int, Sku]) -> list[ParcelRule]:
    return [known[item.sku_id].parcel_rule for item in parcel.items]


def weight(parcel: ParcelPlan, known: dict[int, Sku]) -> int:
    return sum((known[item.sku_id].weight_g or 0) * item.quantity for item in parcel.items)


def unit_mm3(sku: Sku) -> int:
    return (sku.length_mm or 0) * (sku.width_mm or 0) * (sku.height_mm or 0)


def volume(parcel: ParcelPlan, known: dict[int, Sku]) -> int:
    return sum(unit_mm3(known[item.sku_id]) * item.quantity for item in parcel.items)


def fits(weight_g: int, volume_mm3: int, limit: CarrierLimit) -> bool:
    light = limit.weight_g is None or weight_g <= limit.weight_g
    return light and (limit.volume_mm3 is None or volume_mm3 <= limit.volume_mm3)


def may_carry(parcel: ParcelPlan, known: dict[int, Sku]) -> bool:
    return parcel.reason not in (CASE, RIDES_ONLY) and ParcelRule.ALONE not in rules_in(parcel, known)


def contents(parcels: Sequence[ParcelPlan]) -> list[tuple[tuple[int, int, int], ...]]:
    return [tuple((item.line_id, item.sku_id, item.quantity) for item in parcel.items) for parcel in parcels]


@given(orders(), limits)
def test_units_are_conserved_or_a_finding_stops(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    plan = split(lines, known, limit)
    if any(finding.stops for finding in plan.findings):
        assert plan.parcels == ()
        return
    units: Counter[tuple[int, int]] = Counter()
    for parcel in plan.parcels:
        for item in parcel.items:
            assert item.quantity > 0
            units[item.line_id, item.sku_id] += item.quantity
    assert units == {(line.id, line.sku_id): line.quantity for line in lines}
    assert all(parcel.weight_g == weight(parcel, known) for parcel in plan.parcels)


@given(orders(), limits)
def test_bulky_alone_cases_classes_and_limits(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    for parcel in split(lines, known, limit).parcels:
        rules = rules_in(parcel, known)
        single = [i for i in parcel.items if known[i.sku_id].parcel_rule in SINGLE]
        assert sum(item.quantity for item in single) <= 1
        assert ParcelRule.ALONE not in rules or len(parcel.items) == 1
        if parcel.reason == CASE:
            (sku_id,) = {item.sku_id for item in parcel.items}
            assert sum(item.quantity for item in parcel.items) == known[sku_id].case_quantity
        assert len({known[item.sku_id].shipping_class for item in parcel.items}) == 1
        assert fits(weight(parcel, known), volume(parcel, known), limit)
        assert len(parcel.items) == len({item.line_id for item in parcel.items})


@given(orders(), limits)
def test_only_ride_alongs_travel_alone_where_nothing_may_carry_them(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    plan = split(lines, known, limit)
    lone = [p for p in plan.parcels if set(rules_in(p, known)) == {ParcelRule.RIDES_ALONG}]
    assert [p for p in plan.parcels if p.reason == RIDES_ONLY] == lone
    assert bool(lone) == any(finding.code == RIDES_WITH_NOTHING for finding in plan.findings)
    for parcel in lone:
        for item in parcel.items:
            sku = known[item.sku_id]
            for other in plan.parcels:
                same_class = known[other.items[0].sku_id].shipping_class == sku.shipping_class
                if may_carry(other, known) and same_class:
                    more = weight(other, known) + (sku.weight_g or 0), volume(other, known) + unit_mm3(sku)
                    assert not fits(*more, limit)


@given(orders(), limits)
def test_neither_the_order_of_lines_nor_a_second_run_changes_anything(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    plan = split(lines, known, limit)
    assert split(lines[::-1], known, limit) == plan
    assert split(lines[1:] + lines[:1], known, limit) == plan
    bundle = {line.id: line.bundle for line in lines}
    for parcel in plan.parcels:
        alone = [Line(i.line_id, i.sku_id, i.quantity, 100, bundle[i.line_id]) for i in parcel.items]
        again = split(alone, known, limit)
        assert contents(again.parcels) == contents([parcel])


@given(orders(), limits)
def test_a_line_is_divided_only_when_an_empty_parcel_does_not_take_it(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    plan = split(lines, known, limit)
    pieces = Counter(item.line_id for parcel in plan.parcels for item in parcel.items)
    for line in lines:
        sku = known[line.sku_id]
        if sku.parcel_rule == ParcelRule.NORMAL and pieces[line.id] > 1:
            whole = (sku.weight_g or 0) * line.quantity, unit_mm3(sku) * line.quantity
            assert not fits(*whole, limit)


@given(orders())
def test_without_a_limit_the_number_of_parcels_is_known(order: tuple[list[Line], dict[int, Sku]]) -> None:
    lines, known = order
    expected = 0
    for shipping_class in {known[line.sku_id].shipping_class for line in lines}:
        mine = [line for line in lines if known[line.sku_id].shipping_class == shipping_class]
        units: Counter[int] = Counter()
        for line in mine:
            units[line.sku_id] += line.quantity
        big = bulky = full = 0
        small = carried = False
        for sku_id, quantity in units.items():
            rule, case = known[sku_id].parcel_rule, known[sku_id].case_quantity or 1
            big += quantity if rule in SINGLE else 0
            bulky += quantity if rule == ParcelRule.BULKY else 0
            full += quantity // case if rule == ParcelRule.CASE_PACK else 0
            small |= rule in (ParcelRule.NORMAL, ParcelRule.RIDES_ALONG)
            small |= rule == ParcelRule.CASE_PACK and quantity % case > 0
        carried = bulky > 0
        expected += big + full + (1 if small and not carried else 0)
    assert len(split(lines, known, NO_LIMIT).parcels) == expected


@given(orders(), limits)
def test_a_unit_over_the_limit_is_always_found(
    order: tuple[list[Line], dict[int, Sku]], limit: CarrierLimit
) -> None:
    lines, known = order
    over = any(
        not fits(sku.weight_g or 0, unit_mm3(sku), limit)
        or (limit.longest_mm is not None and max(sku.length_mm or 0, 30) > limit.longest_mm)
        for sku in (known[line.sku_id] for line in lines)
    )
    found = [finding.code for finding in split(lines, known, limit).findings]
    assert not over or found == [OVER_CARRIER_LIMIT]


@given(orders(), st.dictionaries(st.integers(1, 5), st.integers(0, 12)))
def test_ready_and_waiting_make_the_order_and_take_no_more_than_there_is(
    order: tuple[list[Line], dict[int, Sku]], available: dict[int, int]
) -> None:
    lines, _ = order
    readiness = ready(lines, available)
    units: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    for line in readiness.now:
        taken[line.sku_id] += line.quantity
    for line in (*readiness.now, *readiness.later):
        assert line.quantity > 0
        units[line.id] += line.quantity
    assert units == {line.id: line.quantity for line in lines}
    assert all(quantity <= available.get(sku_id, 0) for sku_id, quantity in taken.items())
    now_bundles = {line.bundle for line in readiness.now} - {0}
    assert not now_bundles & {line.bundle for line in readiness.later}
