"""Which rule about remaining shelf life counts."""

import random
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from inventory.rules.shelf_life import Buyer, Goods, ShelfLifeRule, applies, min_days, specificity

CATEGORIES = ("", "食品", "食品/饼干", "食品券", "茶")
some = st.sampled_from
rules = st.builds(
    ShelfLifeRule,
    id=st.integers(1, 9),
    min_days=st.integers(0, 5),
    replaces=st.booleans(),
    sku_id=some([None, 1, 2]),
    category=some([None, *CATEGORIES[1:]]),
    channel_ref=some([None, 7, 8]),
    customer_ref=some([None, 5]),
)
goods = st.builds(Goods, sku_id=st.integers(1, 2), category=some(CATEGORIES), own_days=st.integers(0, 5))
buyers = st.builds(
    Buyer, channel_ref=some([None, 7, 8]), customer_ref=some([None, 5, 6]), channel_days=st.integers(0, 5)
)


@given(goods, buyers, st.lists(rules, max_size=6))
def test_the_strictest_or_what_replaces_it(goods: Goods, buyer: Buyer, rules: list[ShelfLifeRule]) -> None:
    found = [rule for rule in rules if applies(rule, goods, buyer)]
    days = min_days(goods, buyer, rules)
    replacing = [rule for rule in found if rule.replaces]
    if not replacing:
        assert days == max([goods.own_days, buyer.channel_days, *(rule.min_days for rule in found)])
        return
    best = max(map(specificity, replacing))
    assert days == max(rule.min_days for rule in replacing if specificity(rule) == best)


@given(goods, buyers, st.lists(rules, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_the_rules_changes_nothing(
    goods: Goods, buyer: Buyer, rules: list[ShelfLifeRule], chance: random.Random
) -> None:
    days = min_days(goods, buyer, rules)
    chance.shuffle(rules)
    assert min_days(goods, buyer, rules) == days


@given(goods, buyers, st.lists(rules, max_size=5), rules)
def test_one_more_rule_that_replaces_nothing_never_asks_for_less(
    goods: Goods, buyer: Buyer, known: list[ShelfLifeRule], more: ShelfLifeRule
) -> None:
    if not more.replaces:
        assert min_days(goods, buyer, [*known, more]) >= min_days(goods, buyer, known)


def test_a_rule_applies_when_all_it_names_is_true() -> None:
    biscuit, buyer = Goods(1, "食品/饼干"), Buyer(7, 5)
    for sku, category, channel, customer in product(
        (None, 1, 2), (None, "食品", "茶"), (None, 7, 8), (None, 5, 6)
    ):
        rule = ShelfLifeRule(1, 3, sku_id=sku, category=category, channel_ref=channel, customer_ref=customer)
        expected = sku != 2 and category != "茶" and channel != 8 and customer != 6
        assert applies(rule, biscuit, buyer) == expected


def test_a_category_is_no_prefix_of_a_name() -> None:
    rule = ShelfLifeRule(1, 3, category="食品")
    assert applies(rule, Goods(1, "食品"), Buyer())
    assert applies(rule, Goods(1, "食品/饼干"), Buyer())
    assert not applies(rule, Goods(1, "食品券"), Buyer())
    assert not applies(rule, Goods(1, ""), Buyer())


def test_who_is_nobody_in_particular_meets_only_rules_for_everybody() -> None:
    assert not applies(ShelfLifeRule(1, 3, channel_ref=7), Goods(1), Buyer())
    assert not applies(ShelfLifeRule(1, 3, customer_ref=5), Goods(1), Buyer(7))
