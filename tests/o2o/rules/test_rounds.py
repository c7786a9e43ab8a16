from math import inf

from hypothesis import given
from hypothesis import strategies as st

from o2o.rules.rounds import (
    EARTH_RADIUS_M,
    OfferPlan,
    Point,
    RoundRule,
    Step,
    StepKind,
    Store,
    distance_m,
    next_step,
    plan_round,
)

HERE = Point(31_230_416, 121_473_701)
lats, lngs = st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
near_lats, near_lngs = st.integers(31_000_000, 31_400_000), st.integers(121_300_000, 121_700_000)
some_rules = st.builds(
    RoundRule,
    st.one_of(st.none(), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(0, 40_000)),
    st.just(60),
)


@st.composite
def store_lists(draw: st.DrawFn) -> list[Store]:
    row = st.tuples(near_lats, near_lngs, st.booleans(), st.booleans(), st.integers(-1, 2))
    rows = draw(st.lists(row, max_size=10))
    return [Store(ident, *fields) for ident, fields in enumerate(rows, start=1)]


def north(metres: int, ident: int, **fields: bool | int) -> Store:
    lat_e6 = HERE.lat_e6 + round(metres * 180_000_000 / 3.141592653589793 / EARTH_RADIUS_M)
    usable = {"open": True, "has_stock": True, "capacity_left": 1} | fields
    return Store(ident, lat_e6, HERE.lng_e6, **usable)  # type: ignore[arg-type]


def test_known_distances() -> None:
    # The Bund to Beijing, Tian'anmen: about 1,067 km; a degree of latitude: 111,195 m.
    assert abs(distance_m(31_230_416, 121_473_701, 39_904_989, 116_405_285) - 1_067_300) < 500
    assert distance_m(30_000_000, 120_000_000, 31_000_000, 120_000_000) == 111_195
    assert abs(distance_m(0, 0, 0, 180_000_000) - 20_015_115) <= 1


@given(lats, lngs, lats, lngs)
def test_distance_is_symmetric_and_zero_at_home(lat1: int, lng1: int, lat2: int, lng2: int) -> None:
    there = distance_m(lat1, lng1, lat2, lng2)
    assert 0 <= there <= 20_015_200
    assert there == distance_m(lat2, lng2, lat1, lng1)
    assert distance_m(lat1, lng1, lat1, lng1) == 0


@given(store_lists(), st.sets(st.integers(1, 10)), some_rules)
def test_a_round_asks_the_nearest_that_were_never_asked(
    stores: list[Store], asked: set[int], rule: RoundRule
) -> None:
    able = sorted(
        (distance_m(HERE.lat_e6, HERE.lng_e6, s.lat_e6, s.lng_e6), s.facility_id)
        for s in stores
        if s.open and s.has_stock and s.capacity_left > 0 and s.facility_id not in asked
    )
    reach = inf if rule.radius_m is None else rule.radius_m
    count = len(able) if rule.stores is None else rule.stores
    expected = [OfferPlan(ident, metres) for metres, ident in able if metres <= reach][:count]
    plan = plan_round(HERE, stores, asked, rule)
    assert list(plan.offers) == expected
    assert plan_round(HERE, stores[::-1], asked, rule) == plan


@given(store_lists(), st.lists(some_rules, max_size=4))
def test_rounds_never_ask_twice_and_always_end(stores: list[Store], rules: list[RoundRule]) -> None:
    asked: set[int] = set()
    number = 0
    for _ in range(len(rules) + 1):
        step = next_step(number, rules, HERE, stores, asked)
        if step.kind == StepKind.FALLBACK:
            assert step == Step(StepKind.FALLBACK, number, 0, ())
            return
        assert step.round_number > number
        assert step.offers
        assert step.seconds == 60
        chosen = {offer.facility_id for offer in step.offers}
        assert not chosen & asked
        asked |= chosen
        number = step.round_number
    raise AssertionError("the rounds did not end")


def test_second_round_asks_the_next_nearest_and_ties_go_by_id() -> None:
    stores = [north(900, 4), north(300, 3), north(300, 2), north(600, 1), north(100, 9, has_stock=False)]
    rules = [RoundRule(2, None, 60), RoundRule(None, 700, 90)]
    first = next_step(0, rules, HERE, stores, set())
    assert first == Step(StepKind.OFFER, 1, 60, (OfferPlan(2, 300), OfferPlan(3, 300)))
    second = next_step(1, rules, HERE, stores, {2, 3})
    assert second == Step(StepKind.OFFER, 2, 90, (OfferPlan(1, 600),))
    assert next_step(2, rules, HERE, stores, {1, 2, 3}).kind == StepKind.FALLBACK


def test_a_round_that_asks_nobody_is_not_waited_for() -> None:
    rules = [RoundRule(3, 500, 60), RoundRule(3, 5_000, 90)]
    assert next_step(0, rules, HERE, [north(2_000, 1)], set()).round_number == 2
    assert next_step(0, rules, HERE, [], set()) == Step(StepKind.FALLBACK, 0, 0, ())


def test_an_order_without_a_point_falls_back() -> None:
    assert plan_round(None, [north(1, 1)], set(), RoundRule(None, None, 60)).offers == ()
    assert next_step(0, [RoundRule(None, None, 60)], None, [north(1, 1)], set()).kind == StepKind.FALLBACK
