"""Routing: nothing twice, nobody blocked who could be served, always the same answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.promise import Demand, Supply, available, plan_promises
from orders.rules.routing import Criterion, FacilityFacts, RouteDemand, RouteRules, Routing, route

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
DAY = date(2026, 12, 1)
Stock = Mapping[tuple[int, int], Sequence[tuple[date, int]]]
SHANGHAI, SUZHOU, BEIJING = FacilityFacts(1, "310101"), FacilityFacts(2, "320506"), FacilityFacts(3, "110101")
RULES = RouteRules()


def order(id_: int, *units: tuple[int, int], **facts: object) -> RouteDemand:
    return replace(RouteDemand(id_, NOON, "310104", units, DAY), **facts)  # type: ignore[arg-type]


def stock(**left: int) -> Stock:
    """`f1s7=3`: three of SKU 7 at facility 1."""
    found = {}
    for name, units in left.items():
        facility, sku = name[1:].split("s")
        found[int(facility), int(sku)] = [(DAY, units)]
    return found


def where(routings: Sequence[Routing]) -> dict[int, object]:
    return {
        one.order_id: tuple(part.facility_id for part in one.parts) if one.is_served else one.reason
        for one in routings
    }


def why(routings: Sequence[Routing], id_: int) -> tuple[str, dict[str, object]]:
    one = next(one for one in routings if one.order_id == id_)
    return one.reason, dict(one.facts)


def test_no_rules_no_routing() -> None:
    assert route([order(1, (7, 1))], [SHANGHAI], {}, None) == ()
    assert route([], [SHANGHAI], {}, RULES) == ()
    assert route([order(1, (7, 1))], [], {}, RULES) == ()


def test_the_nearest_with_stock() -> None:
    found = route([order(1, (7, 1))], [BEIJING, SUZHOU, SHANGHAI], stock(f1s7=1, f2s7=1, f3s7=1), RULES)
    assert where(found) == {1: (1,)}
    assert why(found, 1) == ("BEST", {"by": Criterion.NEAREST, "of": 3, "over": 2})
    found = route([order(1, (7, 1))], [BEIJING, SUZHOU, SHANGHAI], stock(f2s7=1, f3s7=1), RULES)
    assert where(found) == {1: (2,)}


def test_metres_where_all_are_known() -> None:
    metres = {(1, "310104"): 9_000, (2, "310104"): 8_000}
    both = stock(f1s7=1, f2s7=1)
    found = route([order(1, (7, 1))], [SHANGHAI, SUZHOU], both, RouteRules(distances_m=metres))
    assert where(found) == {1: (2,)}
    found = route([order(1, (7, 1))], [SHANGHAI, SUZHOU, BEIJING], both, RouteRules(distances_m=metres))
    assert where(found) == {1: (1,)}


def test_other_criteria() -> None:
    one, two = FacilityFacts(1, priority=1, cost_minor=300), FacilityFacts(2, priority=2, cost_minor=400)
    both = stock(f1s7=9, f2s7=9)
    for criterion, best in ((Criterion.PRIORITY, 2), (Criterion.CHEAPEST, 1)):
        found = route([order(1, (7, 1))], [one, two], both, RouteRules((criterion,)))
        assert where(found) == {1: (best,)}
        assert why(found, 1)[1]["by"] == criterion
    freight = {(1, "310104"): 800, (2, "310104"): 600}
    cheapest = RouteRules((Criterion.CHEAPEST,), freight_minor=freight)
    assert where(route([order(1, (7, 1))], [one, two], both, cheapest)) == {1: (2,)}
    assert why(route([order(1, (7, 1))], [one, two], both, RouteRules(())), 1)[1]["by"] == 0


def test_load_is_spread() -> None:
    facilities = [FacilityFacts(id_, parcels_left=10, parcels_a_day=10) for id_ in (1, 2)]
    orders = [order(id_, (7, 1)) for id_ in range(1, 7)]
    found = route(orders, facilities, stock(f1s7=9, f2s7=9), RouteRules((Criterion.LEAST_LOADED,)))
    assert Counter(part.facility_id for one in found for part in one.parts) == {1: 3, 2: 3}


def test_the_last_unit_is_kept_for_who_has_no_other() -> None:
    first, second = order(1, (7, 1)), order(2, (7, 1), facilities=frozenset([1]), ship_by=NOON + timedelta(1))
    found = route([first, second], [SHANGHAI, SUZHOU], stock(f1s7=1, f2s7=1), RULES)
    assert where(found) == {1: (2,), 2: (1,)}
    assert why(found, 1) == ("MADE_ROOM", {"from": 1, "for": 2})
    assert why(found, 2) == ("ROOM_MADE", {"moved": (1,)})


def test_room_is_made_along_a_chain() -> None:
    orders = [
        order(1, (7, 1), facilities=frozenset([1, 2])),
        order(2, (7, 1), facilities=frozenset([2, 3])),
        order(3, (7, 1), facilities=frozenset([1])),
    ]
    facilities = [FacilityFacts(id_) for id_ in (1, 2, 3)]
    found = route(orders, facilities, stock(f1s7=1, f2s7=1, f3s7=1), RouteRules(()))
    assert where(found) == {1: (2,), 2: (3,), 3: (1,)}


def test_room_is_made_for_parcels_too() -> None:
    small = replace(SHANGHAI, parcels_left=1)
    orders = [order(1, (7, 1)), order(2, (8, 1))]
    found = route(orders, [small, SUZHOU], stock(f1s7=1, f2s7=1, f1s8=1), RULES)
    assert where(found) == {1: (2,), 2: (1,)}


def test_several_move_for_a_larger_order() -> None:
    orders = [order(1, (7, 1)), order(2, (7, 1)), order(3, (7, 3), facilities=frozenset([1]))]
    found = route(orders, [SHANGHAI, SUZHOU], stock(f1s7=3, f2s7=2), RULES)
    assert where(found) == {1: (2,), 2: (2,), 3: (1,)}


def test_whole_at_a_worse_facility_before_divided() -> None:
    two = order(1, (7, 1), (8, 1))
    assert where(
        route(
            [two],
            [SHANGHAI, SUZHOU, BEIJING],
            stock(f1s7=1, f2s8=1, f3s7=1, f3s8=1),
            RouteRules(most_facilities=2),
        )
    ) == {1: (3,)}
    divided = route([two], [SHANGHAI, SUZHOU], stock(f1s7=1, f2s8=1), RouteRules(most_facilities=2))
    assert where(divided) == {1: (1, 2)}
    assert [part.units for part in divided[0].parts] == [((7, 1),), ((8, 1),)]
    assert where(route([two], [SHANGHAI, SUZHOU], stock(f1s7=1, f2s8=1), RULES)) == {1: "SHORT"}


def test_a_sku_is_divided_only_where_nobody_has_it_all() -> None:
    divided = route(
        [order(1, (7, 3), (8, 2))],
        [SHANGHAI, SUZHOU],
        stock(f1s7=2, f2s7=2, f1s8=1, f2s8=2),
        RouteRules(most_facilities=2),
    )
    assert [part.units for part in divided[0].parts] == [((7, 2),), ((7, 1), (8, 2))]


def test_short_says_what_is_missing_where_it_would_be_best() -> None:
    (found,) = route([order(1, (7, 1), (8, 2))], [SHANGHAI, SUZHOU], stock(f1s7=1, f1s8=1, f2s8=1), RULES)
    assert (found.is_served, found.parts[0].facility_id, found.reason) == (False, 1, "SHORT")
    assert dict(found.facts) == {"of": 2, "skus": (8,)}


def test_regions_and_channels_bind() -> None:
    east = replace(SUZHOU, regions=("31", "32"))
    has = stock(f2s7=1, f3s7=1)
    assert where(route([order(1, (7, 1), division_code="110105")], [east], has, RULES)) == {1: "NOWHERE"}
    assert where(route([order(1, (7, 1), facilities=frozenset([3]))], [east, BEIJING], has, RULES)) == {
        1: (3,)
    }
    unknown = order(1, (7, 1), division_code="")
    assert where(route([unknown], [east, BEIJING], has, RULES)) == {1: (3,)}


@st.composite
def worlds(
    draw: st.DrawFn, *, units: bool = False
) -> tuple[list[RouteDemand], list[FacilityFacts], dict[tuple[int, int], list[Supply]], RouteRules]:
    """`units`: each order wants one unit of one SKU, for one day, and is one parcel."""
    days = [DAY] if units else [DAY, DAY + timedelta(30), DAY + timedelta(60)]
    ids = range(1, draw(st.integers(1, 3)) + 1)
    facilities = [
        FacilityFacts(
            id_,
            draw(st.sampled_from(["310101", "320506", "110101"])),
            draw(st.integers(0, 2)),
            draw(st.sampled_from([(), (), ("31",)])),
            draw(st.sampled_from([None, None, 1, 2, 3])),
            3,
            draw(st.integers(0, 2)),
        )
        for id_ in ids
    ]
    orders = []
    for id_ in range(1, draw(st.integers(1, 6)) + 1):
        skus = draw(st.lists(st.integers(1, 2), min_size=1, max_size=1 if units else 2, unique=True))
        orders.append(
            RouteDemand(
                id_,
                NOON + timedelta(hours=draw(st.integers(0, 3))),
                draw(st.sampled_from(["310104", "320508", ""])),
                tuple((sku, 1 if units else draw(st.integers(1, 3))) for sku in skus),
                draw(st.sampled_from(days)),
                {} if units else draw(st.dictionaries(st.sampled_from(skus), st.sampled_from(days))),
                draw(st.sampled_from([None, None, frozenset([1]), frozenset([1, 2]), frozenset([2, 3])])),
                1 if units else draw(st.integers(1, 2)),
            )
        )
    supplies = {
        (id_, sku): [Supply(sku, day, draw(st.integers(0, 3))) for day in days]
        for id_ in ids
        for sku in (1, 2)
    }
    criteria = draw(st.lists(st.sampled_from(Criterion), unique=True, max_size=4))
    return orders, facilities, supplies, RouteRules(tuple(criteria), most_facilities=draw(st.integers(1, 3)))


World = tuple[list[RouteDemand], list[FacilityFacts], dict[tuple[int, int], list[Supply]], RouteRules]


def promisable(orders: Sequence[RouteDemand], supplies: Mapping[tuple[int, int], Sequence[Supply]]) -> Stock:
    """What the promise rule says is left for each minimum that is asked."""
    days = sorted({day for one in orders for day in (one.min_expires_on, *one.floors.values())})
    return {key: [(day, available(rows, (), day)) for day in days] for key, rows in supplies.items()}


@given(worlds())
def test_what_is_routed_can_be_promised(world: World) -> None:
    """Every part that a facility got is granted there by the promise rule, and its parcels are within its day."""
    orders, facilities, supplies, rules = world
    found = route(orders, facilities, promisable(orders, supplies), rules)
    by_id = {one.id: one for one in orders}
    assert [one.order_id for one in found] == [o.id for o in sorted(orders, key=lambda o: (o.ship_by, o.id))]
    for facility in facilities:
        here = [
            (o, part.units)
            for o in found
            if o.is_served
            for part in o.parts
            if part.facility_id == facility.id
        ]
        demands = [
            Demand(o.order_id, by_id[o.order_id].min_expires_on, units, by_id[o.order_id].floors)
            for o, units in here
        ]
        rows = [row for (id_, _sku), some in supplies.items() if id_ == facility.id for row in some]
        assert plan_promises(demands, rows, ()).short == ()
        if facility.parcels_left is not None:
            assert sum(by_id[o.order_id].parcels for o, _units in here) <= facility.parcels_left
    for one in found:
        units = Counter[int]()
        for part in one.parts:
            units.update(dict(part.units))
        wanted = by_id[one.order_id]
        assert not one.parts or units == Counter(dict(wanted.units))
        assert len(one.parts) <= rules.most_facilities
        allowed = wanted.facilities
        assert allowed is None or {part.facility_id for part in one.parts} <= allowed


def one_by_one(
    orders: Sequence[RouteDemand], facilities: Sequence[FacilityFacts], left: Stock, rules: RouteRules
) -> int:
    """What routing each order by itself serves: what earlier ones took is gone, nobody moves."""
    supplies = {key: dict(steps) for key, steps in left.items()}
    room = {one.id: one.parcels_left for one in facilities}
    served = 0
    for wanted in sorted(orders, key=lambda o: (o.ship_by, o.id)):
        now = {key: sorted(steps.items()) for key, steps in supplies.items()}
        there = [replace(one, parcels_left=room[one.id]) for one in facilities]
        (found,) = route([wanted], there, now, rules)
        served += found.is_served
        for part in found.parts if found.is_served else ():
            for sku, units in part.units:
                day, steps = wanted.floors.get(sku, wanted.min_expires_on), supplies[part.facility_id, sku]
                most = steps[day] - units
                for other in steps:
                    steps[other] = steps[other] - units if other <= day else min(steps[other], most)
            if room[part.facility_id] is not None:
                room[part.facility_id] -= wanted.parcels  # type: ignore[operator]
    return served


@given(worlds())
def test_together_is_never_worse_than_one_by_one(world: World) -> None:
    orders, facilities, supplies, rules = world
    left = promisable(orders, supplies)
    found = route(orders, facilities, left, rules)
    assert sum(one.is_served for one in found) >= one_by_one(orders, facilities, left, rules)


@given(worlds(units=True))
def test_for_one_unit_each_nobody_serves_more_or_earlier(world: World) -> None:
    """Against every assignment there is."""
    orders, facilities, supplies, rules = world
    left = promisable(orders, supplies)
    line = sorted(orders, key=lambda o: (o.ship_by, o.id))
    options = [
        [0]
        + [
            one.id
            for one in facilities
            if (o.facilities is None or one.id in o.facilities)
            and (not one.regions or o.division_code.startswith(one.regions))
        ]
        for o in line
    ]
    best: tuple[int, tuple[bool, ...]] = (0, ())
    for choice in product(*options):
        taken = Counter((at, o.units[0][0]) for at, o in zip(choice, line, strict=True) if at)
        parcels = Counter(at for at in choice if at)
        if all(units <= left[key][0][1] for key, units in taken.items()) and all(
            one.parcels_left is None or parcels[one.id] <= one.parcels_left for one in facilities
        ):
            served = tuple(at > 0 for at in choice)
            best = max(best, (sum(served), served))
    found = route(orders, facilities, left, rules)
    served = tuple(one.is_served for one in found)
    assert (sum(served), served) == best if best[1] else not any(served)


@given(worlds(), st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(world: World, random: object) -> None:
    orders, facilities, supplies, rules = world
    left = promisable(orders, supplies)
    found = route(orders, facilities, left, rules)
    random.shuffle(orders)  # type: ignore[attr-defined]
    random.shuffle(facilities)  # type: ignore[attr-defined]
    assert route(orders, facilities, dict(sorted(left.items(), reverse=True)), rules) == found


@given(worlds())
def test_where_it_went_it_could_go_alone(world: World) -> None:
    """Routed alone to the facility that it got, an order is served there: "release" of one order agrees with the bulk."""
    orders, facilities, supplies, rules = world
    left = promisable(orders, supplies)
    for one in route(orders, facilities, left, rules):
        if one.is_served and len(one.parts) == 1:
            wanted = next(o for o in orders if o.id == one.order_id)
            here = [f for f in facilities if f.id == one.parts[0].facility_id]
            (alone,) = route([wanted], here, left, rules)
            assert alone.is_served
            assert alone.parts == one.parts


@given(worlds())
def test_who_is_left_over_fits_nowhere(world: World) -> None:
    """What is left at the end serves none of those who are short."""
    orders, facilities, supplies, rules = world
    left = promisable(orders, supplies)
    found = route(orders, facilities, left, rules)
    by_id = {one.id: one for one in orders}
    now = {key: dict(steps) for key, steps in left.items()}
    room = {one.id: one.parcels_left for one in facilities}
    for one in found:
        for part in one.parts if one.is_served else ():
            wanted = by_id[one.order_id]
            for sku, units in part.units:
                day, steps = wanted.floors.get(sku, wanted.min_expires_on), now[part.facility_id, sku]
                most = steps[day] - units
                for other in steps:
                    steps[other] = steps[other] - units if other <= day else min(steps[other], most)
            if room[part.facility_id] is not None:
                room[part.facility_id] -= wanted.parcels  # type: ignore[operator]
    rest = {key: sorted(steps.items()) for key, steps in now.items()}
    there = [replace(one, parcels_left=room[one.id]) for one in facilities]
    for one in found:
        if not one.is_served:
            assert not route([by_id[one.order_id]], there, rest, rules)[0].is_served
