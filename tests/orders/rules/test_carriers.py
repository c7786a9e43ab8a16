"""Carriers: who takes a parcel, for how much, and why nobody does."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.carriers import (
    CarrierFacts,
    CarrierRule,
    CarrierRules,
    Choice,
    Liking,
    ParcelFacts,
    Price,
    Shipment,
    choose,
    freight,
    limit_for,
)
from orders.rules.splitting import NO_LIMIT
from orders.rules.values import CarrierLimit

SHANGHAI = Shipment(1, 1, "310104")
NEAR = Price("31", 1000, 500, 1000, 100)
FAR = Price("", 1000, 900, 1000, 400)
RULES = CarrierRules()


def pick(parcel: ParcelFacts, *carriers: CarrierFacts, rules: CarrierRules = RULES) -> Choice:
    (found,) = choose([parcel], carriers, rules)
    return found


def parcel(weight_g: int | None = 1000, shipment: Shipment = SHANGHAI, **facts: object) -> ParcelFacts:
    return replace(ParcelFacts(1, shipment, weight_g), **facts)  # type: ignore[arg-type]


def test_no_rules_no_choice() -> None:
    carrier = CarrierFacts(1, NO_LIMIT)
    assert choose([parcel()], [carrier], None) == ()
    assert choose([parcel()], [], RULES) == ()
    assert limit_for(SHANGHAI, "", [carrier], None) is None


def test_steps_that_are_begun_count() -> None:
    for weight_g, minor in ((0, 500), (1, 500), (1000, 500), (1001, 600), (2000, 600), (2001, 700)):
        assert freight(NEAR, weight_g) == minor
    assert freight(replace(NEAR, cod_minor=30), 1, is_cod=True) == 530


def test_the_longest_region_counts() -> None:
    carrier = CarrierFacts(1, NO_LIMIT, (FAR, NEAR))
    assert pick(parcel(), carrier).freight_minor == 500
    assert pick(parcel(shipment=replace(SHANGHAI, division_code="110101")), carrier).freight_minor == 900
    closed = replace(carrier, prices=(FAR, Price("3101", is_served=False)))
    assert pick(parcel(), closed).refused == ((1, "NOT_SERVED"),)


def test_the_cheapest_and_the_preferred() -> None:
    cheap, dear = CarrierFacts(1, NO_LIMIT, (NEAR,)), CarrierFacts(2, NO_LIMIT, (FAR,), priority=9)
    found = pick(parcel(), dear, cheap)
    assert (found.carrier_id, found.reason, dict(found.facts)) == (
        1,
        "CHEAPEST",
        {"of": 2, "over": 2, "next_minor": 900},
    )
    found = pick(parcel(), dear, cheap, rules=CarrierRules(Liking.PRIORITY))
    assert (found.carrier_id, found.reason, found.freight_minor) == (2, "PRIORITY", 900)
    assert pick(parcel(), cheap).reason == "ONLY_ONE"


def test_a_price_that_is_not_known_is_not_cheap() -> None:
    unknown, known = CarrierFacts(1, NO_LIMIT, priority=9), CarrierFacts(2, NO_LIMIT, (FAR,))
    assert pick(parcel(), unknown, known).carrier_id == 2
    found = pick(parcel(None), unknown, known)
    assert (found.carrier_id, found.freight_minor, found.reason) == (1, None, "PRIORITY")


def test_volume_may_be_charged() -> None:
    light = parcel(500, volume_mm3=12_000_000)
    assert pick(light, CarrierFacts(1, NO_LIMIT, (NEAR,), mm3_per_g=6000)).freight_minor == 600
    assert pick(light, CarrierFacts(1, NO_LIMIT, (NEAR,))).freight_minor == 500
    assert pick(parcel(500), CarrierFacts(1, NO_LIMIT, (NEAR,), mm3_per_g=6000)).freight_minor is None


def test_why_a_carrier_does_not_take_it() -> None:
    limit = CarrierLimit(1000, 8_000_000, 400)
    carrier = CarrierFacts(1, limit, facilities=frozenset([1]))
    known = parcel(1000, volume_mm3=8_000_000, longest_mm=400)
    assert pick(known, carrier).carrier_id == 1
    for facts, code in (
        ({"weight_g": 1001}, "TOO_HEAVY"),
        ({"weight_g": None}, "WEIGHT_UNKNOWN"),
        ({"longest_mm": 401}, "TOO_LONG"),
        ({"longest_mm": None}, "SIZE_UNKNOWN"),
        ({"volume_mm3": 8_000_001}, "TOO_LARGE"),
        ({"volume_mm3": None}, "SIZE_UNKNOWN"),
        ({"shipping_class": "cold"}, "OTHER_CLASS"),
        ({"shipment": replace(SHANGHAI, is_cod=True)}, "NO_COD"),
        ({"shipment": replace(SHANGHAI, own=2)}, "NOT_ALLOWED"),
        ({"shipment": replace(SHANGHAI, allowed=frozenset())}, "NOT_ALLOWED"),
        ({"shipment": replace(SHANGHAI, facility_id=2)}, "NOT_ALLOWED"),
    ):
        found = pick(replace(known, **facts), carrier)
        assert (found.carrier_id, found.reason, found.refused) == (None, "NOBODY", ((1, code),))


def test_the_channels_own_before_everything() -> None:
    cheap, own = CarrierFacts(1, NO_LIMIT, (NEAR,)), CarrierFacts(2, NO_LIMIT, (FAR,))
    rule = CarrierRules(rules=(CarrierRule(7, 1),))
    found = pick(parcel(shipment=replace(SHANGHAI, own=2)), cheap, own, rules=rule)
    assert (found.carrier_id, found.reason) == (2, "CHANNEL_OWN")


def test_rules_before_the_cheapest() -> None:
    cheap, dear = CarrierFacts(1, NO_LIMIT, (NEAR,)), CarrierFacts(2, CarrierLimit(5000, None, None), (FAR,))
    for rule, takes in (
        (CarrierRule(7, 2), True),
        (CarrierRule(7, 2, regions=("31", "32")), True),
        (CarrierRule(7, 2, regions=("11",)), False),
        (CarrierRule(7, 2, channels=frozenset([1])), True),
        (CarrierRule(7, 2, channels=frozenset([2])), False),
        (CarrierRule(7, 2, classes=frozenset(["cold"])), False),
        (CarrierRule(7, 2, is_cod=True), False),
        (CarrierRule(7, 2, is_cod=False), True),
        (CarrierRule(7, 2, from_g=3000, to_g=3000), True),
        (CarrierRule(7, 2, from_g=3001), False),
        (CarrierRule(7, 2, to_g=2999), False),
    ):
        found = pick(parcel(3000), cheap, dear, rules=CarrierRules(rules=(rule,)))
        assert (found.carrier_id, found.reason) == ((2, "RULE") if takes else (1, "CHEAPEST"))
    too_heavy = pick(parcel(5001), cheap, dear, rules=CarrierRules(rules=(CarrierRule(7, 2),)))
    assert too_heavy.carrier_id == 1
    unknown = pick(
        parcel(None),
        cheap,
        replace(dear, limit=NO_LIMIT),
        rules=CarrierRules(rules=(CarrierRule(7, 2, to_g=9),)),
    )
    assert unknown.reason != "RULE"


def test_the_rule_with_the_higher_priority() -> None:
    one, two = CarrierFacts(1, NO_LIMIT), CarrierFacts(2, NO_LIMIT)
    rules = CarrierRules(
        rules=(CarrierRule(7, 1), CarrierRule(8, 2, priority=1), CarrierRule(9, 1, priority=1))
    )
    assert dict(pick(parcel(), one, two, rules=rules).facts) == {"rule": 8}


def test_the_limit_is_of_one_carrier() -> None:
    heavy = CarrierFacts(1, CarrierLimit(50_000, None, 600))
    long = CarrierFacts(2, CarrierLimit(20_000, None, 2000))
    assert limit_for(SHANGHAI, "", [long, heavy], RULES) == heavy.limit
    assert limit_for(replace(SHANGHAI, own=2), "", [long, heavy], RULES) == long.limit
    assert limit_for(SHANGHAI, "cold", [long, heavy], RULES) is None


small = st.one_of(st.none(), st.integers(0, 4))
limits = st.builds(CarrierLimit, small, small, small)
shipments = st.builds(
    Shipment,
    st.integers(1, 2),
    st.integers(1, 2),
    st.sampled_from(["310104", "110101", ""]),
    st.booleans(),
    st.sampled_from([None, None, None, 1]),
    st.sampled_from([None, None, frozenset([1, 2])]),
)
prices = st.lists(
    st.builds(
        Price,
        st.sampled_from(["", "31", "3101", "11"]),
        st.integers(1, 3),
        st.integers(0, 9),
        st.integers(1, 3),
        st.integers(0, 9),
        st.integers(0, 2),
        st.sampled_from([True, True, False]),
    ),
    max_size=3,
    unique_by=lambda price: price.region,
).map(tuple)
carriers = st.lists(
    st.builds(
        CarrierFacts,
        st.integers(1, 4),
        limits,
        prices,
        st.booleans(),
        st.sampled_from([frozenset[str](), frozenset(["cold"])]),
        st.integers(0, 1),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([frozenset[int](), frozenset([1])]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda carrier: carrier.id,
)
classes = st.sampled_from(["", "", "cold"])
parcels = st.lists(
    st.builds(ParcelFacts, st.integers(), shipments, small, small, small, classes), min_size=1, max_size=5
)
tenants = st.builds(
    CarrierRules,
    st.sampled_from(Liking),
    st.lists(
        st.builds(
            CarrierRule,
            st.integers(1, 9),
            st.integers(1, 4),
            st.integers(0, 1),
            st.sampled_from([(), ("31",)]),
            from_g=small,
            to_g=small,
        ),
        max_size=3,
        unique_by=lambda rule: rule.id,
    ).map(tuple),
)


@given(parcels, carriers, tenants)
def test_who_was_chosen_takes_it_and_nobody_means_nobody(
    wanted: list[ParcelFacts], known: list[CarrierFacts], rules: CarrierRules
) -> None:
    for one, found in zip(wanted, choose(wanted, known, rules), strict=True):
        alone = [
            carrier for carrier in known if pick(one, carrier, rules=CarrierRules()).carrier_id is not None
        ]
        assert found.key == one.key
        if found.carrier_id is None:
            assert alone == []
            assert {id_ for id_, _code in found.refused} == {carrier.id for carrier in known}
            continue
        assert found.carrier_id in {carrier.id for carrier in alone}
        if found.reason == "CHEAPEST":
            costs = [pick(one, carrier).freight_minor for carrier in alone]
            assert found.freight_minor == min(minor for minor in costs if minor is not None)


@given(parcels, carriers, tenants, st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(
    wanted: list[ParcelFacts], known: list[CarrierFacts], rules: CarrierRules, random: object
) -> None:
    found = choose(wanted, known, rules)
    mixed = list(rules.rules)
    random.shuffle(known)  # type: ignore[attr-defined]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert choose(wanted, known, replace(rules, rules=tuple(mixed))) == found
    assert choose(wanted[::-1], known, rules) == found[::-1]


@given(shipments, classes, carriers, tenants)
def test_what_is_within_the_limit_is_taken(
    shipment: Shipment, shipping_class: str, known: list[CarrierFacts], rules: CarrierRules
) -> None:
    limit = limit_for(shipment, shipping_class, known, rules)
    most = limit or NO_LIMIT
    largest = ParcelFacts(
        1,
        shipment,
        99 if most.weight_g is None else most.weight_g,
        99 if most.volume_mm3 is None else most.volume_mm3,
        99 if most.longest_mm is None else most.longest_mm,
        shipping_class,
    )
    (found,) = choose([largest], known, rules)
    assert (found.carrier_id is None) == (limit is None)


@given(st.integers(0, 50), st.integers(1, 9), st.integers(1, 9))
def test_freight_never_falls_with_weight(weight_g: int, first_g: int, step_g: int) -> None:
    price = Price("", first_g, 5, step_g, 2)
    by_hand = 5 + 2 * sum(1 for begun in range(first_g, weight_g, step_g))
    assert freight(price, weight_g) == by_hand <= freight(price, weight_g + 1)
