"""Gifts: once, in turn, and never more than there are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.gifts import Gift, GiftOrder, GiftRule, Given, gifts, read_conditions

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
RULE = GiftRule(1, 70, 1)


def order(id_: int = 1, *units: tuple[int, int], **facts: object) -> GiftOrder:
    made = GiftOrder(id_, 1, 5, NOON + timedelta(minutes=id_), 9_900, "CNY", units or ((7, 2), (8, 1)))
    return replace(made, **facts)  # type: ignore[arg-type]


def units(found: Sequence[Gift]) -> dict[tuple[int, int], int]:
    return {(one.order_id, one.rule_id): one.units for one in found}


def test_no_rules_no_gifts() -> None:
    assert gifts([order()], []) == ()
    assert gifts([], [RULE]) == ()


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 1),
        ({"from_minor": 9_900}, 1),
        ({"from_minor": 9_901}, 0),
        ({"to_minor": 9_900}, 1),
        ({"to_minor": 9_899}, 0),
        ({"from_minor": 1, "currency": "USD"}, 0),
        ({"skus": frozenset([7])}, 1),
        ({"skus": frozenset([9])}, 0),
        ({"skus": frozenset([7, 8]), "min_units": 3}, 1),
        ({"skus": frozenset([7]), "min_units": 3}, 0),
        ({"categories": frozenset([50])}, 1),
        ({"categories": frozenset([51]), "min_units": 2}, 0),
        ({"min_units": 3}, 1),
        ({"min_units": 4}, 0),
        ({"is_per_multiple": True}, 3),
        ({"is_per_multiple": True, "skus": frozenset([7]), "min_units": 2, "quantity": 5}, 5),
        ({"channels": frozenset([1])}, 1),
        ({"channels": frozenset([2])}, 0),
        ({"starts_at": NOON + timedelta(minutes=1)}, 1),
        ({"starts_at": NOON + timedelta(minutes=2)}, 0),
        ({"ends_at": NOON + timedelta(minutes=1)}, 0),
        ({"ends_at": NOON + timedelta(minutes=2)}, 1),
        ({"most_units": 0}, 0),
    ],
)
def test_conditions(facts: dict[str, object], expected: int) -> None:
    rule = replace(RULE, **facts)  # type: ignore[arg-type]
    categories = {7: frozenset([50, 5]), 8: frozenset([51])}
    assert sum(one.units for one in gifts([order()], [rule], categories=categories)) == expected


def test_the_last_ones_go_to_who_paid_first() -> None:
    rule = replace(RULE, most_units=2)
    orders = [order(3, paid_at=NOON), order(1), order(2), order(4, paid_at=NOON)]
    assert units(gifts(orders, [rule])) == {(3, 1): 1, (4, 1): 1}
    assert units(gifts(orders, [rule], given_units={1: 1})) == {(3, 1): 1}


def test_all_units_or_none() -> None:
    rule = replace(RULE, is_per_multiple=True, most_units=4)
    orders = [order(1, (7, 3)), order(2, (7, 3)), order(3, (7, 1))]
    assert units(gifts(orders, [rule])) == {(1, 1): 3, (3, 1): 1}


def test_stock_is_shared_by_rules() -> None:
    rules = [RULE, GiftRule(2, 70, 1), GiftRule(3, 71, 1)]
    assert units(gifts([order()], rules, stock={70: 1})) == {(1, 1): 1, (1, 3): 1}


def test_once_a_buyer_is_once_ever() -> None:
    rule = replace(RULE, is_once_per_buyer=True)
    orders = [order(1), order(2), order(3, buyer_key=6), order(4, buyer_key=None)]
    assert units(gifts(orders, [rule])) == {(1, 1): 1, (3, 1): 1}
    assert units(gifts(orders, [rule], [Given(1, 99, 5, 1)])) == {(3, 1): 1}


def test_stacking_and_exclusive() -> None:
    first, second, alone = (
        GiftRule(1, 70, 1, 9),
        GiftRule(2, 71, 1, 8),
        GiftRule(3, 72, 1, 5, is_exclusive=True),
    )
    assert units(gifts([order()], [second, first, alone])) == {(1, 1): 1, (1, 2): 1}
    above = replace(alone, priority=10)
    assert units(gifts([order()], [second, first, above])) == {(1, 3): 1}
    used_up = replace(above, most_units=0)
    assert units(gifts([order()], [second, first, used_up])) == {(1, 1): 1, (1, 2): 1}


def test_what_was_given_stays() -> None:
    rule = replace(RULE, from_minor=99_999)
    (kept,) = gifts([order()], [rule], [Given(1, 1, None, 3)])
    assert (kept.units, kept.is_new) == (3, False)


def test_stored_conditions() -> None:
    stored = {"from_minor": 100, "skus": [7, 8], "min_units": 2, "is_per_multiple": True, "currency": "USD"}
    rule = GiftRule(1, 70, 1, **read_conditions(stored))  # type: ignore[arg-type]
    assert (rule.from_minor, rule.skus, rule.currency) == (100, frozenset([7, 8]), "USD")
    faults: list[dict[str, object]] = [
        {"unknown": 1},
        {"from_minor": "1"},
        {"from_minor": True},
        {"from_minor": -1},
        {"min_units": 0},
        {"skus": []},
        {"skus": ["7"]},
        {"currency": "yuan"},
        {"is_per_multiple": 1},
    ]
    for wrong in faults:
        with pytest.raises(ValueError, match=next(iter(wrong))):
            read_conditions(wrong)


few = st.one_of(st.none(), st.integers(0, 4))
rules = st.lists(
    st.builds(
        GiftRule,
        st.integers(1, 5),
        st.integers(70, 71),
        st.integers(1, 2),
        st.integers(0, 2),
        few,
        few,
        skus=st.sampled_from([frozenset[int](), frozenset([7])]),
        min_units=st.integers(1, 2),
        is_per_multiple=st.booleans(),
        most_units=few,
        is_exclusive=st.sampled_from([False, False, True]),
        is_once_per_buyer=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda rule: rule.id,
)
orders = st.lists(
    st.builds(
        GiftOrder,
        st.integers(1, 20),
        st.just(1),
        st.sampled_from([None, 5, 6]),
        st.integers(0, 3).map(lambda minutes: NOON + timedelta(minutes=minutes)),
        st.integers(0, 4),
        st.just("CNY"),
        st.lists(st.tuples(st.integers(7, 8), st.integers(1, 3)), max_size=2).map(tuple),
    ),
    max_size=6,
    unique_by=lambda order: order.id,
)


def written(found: Sequence[Gift]) -> list[Given]:
    return [Given(one.rule_id, one.order_id, one.buyer_key, one.units) for one in found]


def same(found: Sequence[Gift]) -> list[Gift]:
    return [replace(one, is_new=False) for one in found]


stocks = st.dictionaries(st.just(70), st.integers(0, 4))


@given(orders, rules, stocks)
def test_never_more_than_there_is(
    wanted: list[GiftOrder], known: list[GiftRule], stock: dict[int, int]
) -> None:
    found = gifts(wanted, known, stock=stock)
    by_rule, by_sku = Counter[int](), Counter[int]()
    for one in found:
        by_rule[one.rule_id] += one.units
        by_sku[one.sku_id] += one.units
    for rule in known:
        assert rule.most_units is None or by_rule[rule.id] <= rule.most_units
    assert all(by_sku[sku] <= most for sku, most in stock.items())
    assert len({(one.order_id, one.rule_id) for one in found}) == len(found)
    exclusive = {rule.id for rule in known if rule.is_exclusive}
    alone = {one.order_id for one in found if one.rule_id in exclusive}
    assert all(count == 1 for id_, count in Counter(one.order_id for one in found).items() if id_ in alone)
    buyers = [(one.rule_id, one.buyer_key) for one in found if one.buyer_key is not None]
    assert len(set(buyers)) == len(buyers)


@given(orders, rules, stocks)
def test_deciding_again_gives_the_same(
    wanted: list[GiftOrder], known: list[GiftRule], stock: dict[int, int]
) -> None:
    found = gifts(wanted, known, stock=stock)
    gone = Counter[int]()
    for one in found:
        gone[one.sku_id] += one.units
    left = {sku: most - gone[sku] for sku, most in stock.items()}
    assert list(gifts(wanted, known, written(found), stock=left)) == same(found)


@given(orders, rules, st.integers(0, 6))
def test_several_calls_in_turn_are_one(wanted: list[GiftOrder], known: list[GiftRule], cut: int) -> None:
    line = sorted(wanted, key=lambda one: (one.paid_at, one.id))
    first = gifts(line[:cut], known)
    second = gifts(line[cut:], known, written(first))
    assert first + second == gifts(wanted, known)


@given(orders, rules, st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(wanted: list[GiftOrder], known: list[GiftRule], random: object) -> None:
    found = gifts(wanted, known)
    before = written(found)[::2]
    again = gifts(wanted, known, before)
    for listed in (wanted, known, before):
        random.shuffle(listed)  # type: ignore[attr-defined]
    assert gifts(wanted, known) == found
    assert gifts(wanted, known, before) == again
