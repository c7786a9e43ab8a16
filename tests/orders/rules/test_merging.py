"""Merging: one proof for the whole group, or none."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from orders.rules.merging import (
    MergeCandidate,
    MergeGroup,
    MergeRules,
    Proof,
    ProofKind,
    TokenKind,
    Verdict,
    group,
    questions,
    recheck,
    why_apart,
)

NOON = datetime(2026, 11, 11, 12, 0, tzinfo=UTC)
RULES = MergeRules()


def candidate(id_: int, **facts: object) -> MergeCandidate:
    minute = facts.pop("minute", 0)
    assert isinstance(minute, int)
    made = MergeCandidate(id_, 1, "taobao", 1, NOON + timedelta(minutes=minute), None, True, "CNY")
    return replace(made, **facts)  # type: ignore[arg-type]


def full(id_: int, key: int, **facts: object) -> MergeCandidate:
    return candidate(id_, receiver_key=key, is_masked=False, **facts)


def hidden(id_: int, token: str, **facts: object) -> MergeCandidate:
    return candidate(id_, token=token, token_kind=TokenKind.BOUND, **facts)


def together(
    orders: Sequence[MergeCandidate], rules: MergeRules | None = RULES, verdicts: Sequence[Verdict] = ()
) -> list[tuple[int, ...]]:
    return [merged.order_ids for merged in group(orders, rules, verdicts)]


def answer(number: int, orders: Sequence[MergeCandidate], *groups: tuple[int, ...]) -> Verdict:
    return Verdict(number, orders[0].platform, tuple(order.pair for order in orders), groups)


def test_no_rules_no_groups() -> None:
    assert group([full(1, 7), full(2, 7)], None) == ()
    assert questions([hidden(1, "a"), hidden(2, "b")], None) == ()


def test_full_receivers_even_across_platforms() -> None:
    assert together([full(1, 7), full(2, 7)]) == [(1, 2)]
    group_of = {"channel_group": "A"}
    assert together([full(1, 7, **group_of), full(2, 7, platform="jd", channel_id=2, **group_of)]) == [(1, 2)]
    assert together([full(1, 7), full(2, 8)]) == []


def test_a_mask_proves_nothing() -> None:
    same = [candidate(id_, receiver_key=7, hint="张** ****1234 朝阳区") for id_ in (1, 2)]
    assert together(same) == []
    assert together([same[0], full(3, 7)]) == []
    assert why_apart(same[0], same[1]) == ("NO_PROOF",)


def test_a_bound_token_proves_nothing_alone() -> None:
    assert together([hidden(1, "x"), hidden(2, "x")]) == []


def test_equal_address_ids_of_one_platform() -> None:
    one, two = (candidate(id_, token="a", token_kind=TokenKind.ADDRESS, platform="douyin") for id_ in (1, 2))
    assert group([one, two], RULES) == (MergeGroup((1, 2), Proof(ProofKind.TOKEN, ("douyin", "a"))),)
    assert together([one, replace(two, token="b")]) == []
    assert together([one, replace(two, platform="other")]) == []
    assert together([one, replace(two, token="")]) == []


def test_the_platforms_verdict() -> None:
    orders = [hidden(1, "a"), hidden(2, "b"), hidden(3, "c")]
    assert together(orders, verdicts=[answer(1, orders, (1, 3))]) == [(1, 3)]
    assert together(orders, verdicts=[answer(1, orders)]) == []
    foreign = replace(answer(1, orders, (1, 3)), platform="jd")
    assert together(orders, verdicts=[foreign]) == []


def test_never_a_chain_of_proofs() -> None:
    """1 and 2 by full receiver, 2 and 3 by a verdict, 3 and 4 by an address id: never all four."""
    one = full(1, 7)
    two = full(2, 7, token="b", token_kind=TokenKind.ADDRESS)
    three = candidate(3, token="c", token_kind=TokenKind.ADDRESS)
    four = candidate(4, token="c", token_kind=TokenKind.ADDRESS)
    verdict = answer(1, [two, three], (2, 3))
    assert together([one, two, three, four], verdicts=[verdict]) == [(1, 2), (3, 4)]


def test_never_a_chain_of_answers() -> None:
    orders = [hidden(1, "a"), hidden(2, "b"), hidden(3, "c")]
    first, second = answer(1, orders[:2], (1, 2)), answer(2, orders[1:], (2, 3))
    assert together(orders, verdicts=[first, second]) == [(2, 3)]
    assert together(orders, verdicts=[second, first]) == [(2, 3)]


def test_an_answer_that_contradicts_itself_is_none() -> None:
    orders = [hidden(1, "a"), hidden(2, "b"), hidden(3, "c")]
    assert together(orders, verdicts=[answer(1, orders, (1, 2), (1, 3))]) == []


def test_a_newer_answer_counts() -> None:
    orders = [hidden(1, "a"), hidden(2, "b")]
    assert together(orders, verdicts=[answer(1, orders, (1, 2)), answer(2, orders)]) == []


def test_an_answer_about_another_address_is_none() -> None:
    orders = [hidden(1, "a"), hidden(2, "b")]
    verdict = answer(1, orders, (1, 2))
    assert together([orders[0], replace(orders[1], token="z")], verdicts=[verdict]) == []
    assert together([orders[0], replace(orders[1], address_version=1)], verdicts=[verdict]) == []


def test_what_keeps_orders_apart() -> None:
    one = full(1, 7, amount_minor=600, weight_g=600)
    for facts, code in (
        ({"facility_id": 2}, "OTHER_FACILITY"),
        ({"channel_id": 2}, "OTHER_CHANNEL_GROUP"),
        ({"promise": "next day"}, "OTHER_PROMISE"),
        ({"currency": "USD"}, "OTHER_CURRENCY"),
        ({"is_cod": True}, "OTHER_COD"),
        ({"is_sealed": True}, "SEALED"),
        ({"has_finding": True}, "HAS_FINDING"),
        ({"receiver_key": 8}, "NO_PROOF"),
    ):
        other = full(2, 7, **facts) if "receiver_key" not in facts else full(2, 8)
        assert together([one, other]) == []
        assert why_apart(one, other, RULES) == (code,)
    for rules, code in (
        (MergeRules(window_min=29), "OUT_OF_WINDOW"),
        (MergeRules(most_weight_g=1199), "TOO_BIG"),
        (MergeRules(most_amount_minor=1199), "TOO_BIG"),
        (MergeRules(most_orders=1), "TOO_BIG"),
    ):
        other = full(2, 7, amount_minor=600, weight_g=600, minute=30)
        assert together([one, other], rules) == []
        assert why_apart(one, other, rules) == (code,)
    roomy = MergeRules(window_min=30, most_weight_g=1200, most_amount_minor=1200, most_orders=2)
    assert together([one, full(2, 7, amount_minor=600, weight_g=600, minute=30)], roomy) == [(1, 2)]


def test_an_unknown_weight_is_not_light() -> None:
    orders = [full(1, 7), full(2, 7, weight_g=1), full(3, 7, weight_g=1)]
    assert together(orders, MergeRules(most_weight_g=10)) == [(2, 3)]
    assert together(orders) == [(1, 2, 3)]


def test_the_window_is_of_the_whole_group() -> None:
    orders = [full(id_, 7, minute=20 * id_) for id_ in (1, 2, 3, 4)]
    assert together(orders, MergeRules(window_min=30)) == [(1, 2), (3, 4)]


def test_questions_are_few() -> None:
    orders = [hidden(id_, f"t{id_}", hint="A" if id_ < 4 else "B", minute=id_) for id_ in range(1, 6)]
    asked = questions([*orders, hidden(9, "t9", hint="C"), full(10, 7)], RULES)
    assert [[pair.order_id for pair in one.pairs] for one in asked] == [[1, 2, 3, 4, 5]]
    assert questions(orders, RULES, [answer(1, orders, (1, 2))]) == ()
    newcomer = hidden(6, "t6", hint="B", minute=6)
    again = questions([*orders, newcomer], RULES, [answer(1, orders, (1, 2))])
    assert [[pair.order_id for pair in one.pairs] for one in again] == [[4, 5, 6]]


def test_equal_address_ids_are_not_asked_about() -> None:
    orders = [candidate(id_, token="a", token_kind=TokenKind.ADDRESS) for id_ in (1, 2)]
    assert questions(orders, RULES) == ()
    asked = questions([*orders, replace(orders[0], id=3, token="b")], RULES)
    assert [[pair.order_id for pair in one.pairs] for one in asked] == [[1, 2, 3]]


def test_after_an_address_change_the_changed_order_leaves() -> None:
    orders = [full(1, 7), full(2, 7), full(3, 7)]
    (merged,) = group(orders, RULES)
    assert recheck(merged, orders).holds
    changed = recheck(merged, [orders[0], replace(orders[1], receiver_key=8), orders[2]])
    assert changed.stays == (1, 3)
    assert changed.leaves == ((2, ("NO_PROOF",)),)


def test_of_two_nobody_stays() -> None:
    orders = [full(1, 7), full(2, 7)]
    (merged,) = group(orders, RULES)
    refunded = recheck(merged, [orders[0], replace(orders[1], has_finding=True)])
    assert refunded.stays == ()
    assert refunded.leaves == ((1, ("HAS_FINDING",)), (2, ("HAS_FINDING",)))
    gone = recheck(merged, orders[:1])
    assert gone.leaves == ((1, ("NO_PROOF",)), (2, ("GONE",)))


def test_a_new_proof_holds_the_group() -> None:
    orders = [hidden(1, "a"), hidden(2, "b")]
    first = answer(1, orders, (1, 2))
    (merged,) = group(orders, RULES, [first])
    moved = [replace(order, address_version=1) for order in orders]
    assert not recheck(merged, moved, [first]).holds
    assert recheck(merged, moved, [first, answer(2, moved, (1, 2))]).holds


people = st.integers(1, 3)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[MergeCandidate], dict[int, int], list[Verdict], MergeRules]:
    """Orders of three people who all show the same mask, whom each belongs to, and what honest platforms answered."""
    orders: list[MergeCandidate] = []
    owner: dict[int, int] = {}
    for id_ in range(1, draw(st.integers(2, 8)) + 1):
        person, is_masked = draw(people), draw(st.booleans())
        platform = draw(st.sampled_from(["taobao", "douyin"]))
        kind = TokenKind.BOUND if platform == "taobao" else TokenKind.ADDRESS
        token = f"oaid{id_}" if platform == "taobao" else f"{platform}{person}{draw(st.integers(0, 1))}"
        owner[id_] = person
        orders.append(
            candidate(
                id_,
                platform=platform,
                channel_id=1 if platform == "taobao" else 2,
                channel_group=draw(st.sampled_from(["", "A", "A"])),
                minute=draw(st.integers(0, 60)),
                receiver_key=99 if is_masked else person,
                is_masked=is_masked,
                token=token if draw(st.booleans()) else "",
                token_kind=kind,
                facility_id=draw(st.sampled_from([1, 1, 1, 2])),
                has_finding=draw(st.sampled_from([False, False, False, True])),
                weight_g=draw(st.sampled_from([None, 1, 5, 9])),
                hint="****",
            )
        )
    verdicts = []
    for number in range(1, draw(st.integers(0, 3)) + 1):
        platform = draw(st.sampled_from(["taobao", "douyin"]))
        asked = [o for o in orders if o.platform == platform and o.token and draw(st.booleans())]
        told = [tuple(o.id for o in asked if owner[o.id] == person) for person in (1, 2, 3)]
        verdicts.append(Verdict(number, platform, tuple(o.pair for o in asked), tuple(g for g in told if g)))
    rules = MergeRules(
        draw(st.sampled_from([None, 10, 30])),
        draw(st.integers(1, 4)),
        draw(st.sampled_from([None, 10])),
        most_pairs=draw(st.integers(2, 5)),
    )
    return orders, owner, verdicts, rules


World = tuple[list[MergeCandidate], dict[int, int], list[Verdict], MergeRules]


@given(worlds())
def test_two_people_never_share_a_group(world: World) -> None:
    orders, owner, verdicts, rules = world
    seen: set[int] = set()
    for merged in group(orders, rules, verdicts):
        assert len({owner[id_] for id_ in merged.order_ids}) == 1
        assert 2 <= len(merged.order_ids) <= rules.most_orders
        assert not seen & set(merged.order_ids)
        seen.update(merged.order_ids)


@given(worlds())
def test_every_pair_has_the_groups_proof(world: World) -> None:
    orders, _owner, verdicts, rules = world
    by_id = {order.id: order for order in orders}
    for merged in group(orders, rules, verdicts):
        for one, other in combinations(merged.order_ids, 2):
            pair = [by_id[one], by_id[other]]
            assert why_apart(pair[0], pair[1], rules, verdicts) == ()
            if merged.proof.kind is ProofKind.RECEIVER:
                assert {(o.receiver_key, o.is_masked) for o in pair} == {(merged.proof.value, False)}
            elif merged.proof.kind is ProofKind.TOKEN:
                assert {(o.platform, o.token) for o in pair} == {merged.proof.value}
            else:
                assert {v.number for v in verdicts if {o.pair for o in pair} <= set(v.asked)}
        assert recheck(merged, orders_of(merged, orders), verdicts).holds


def orders_of(merged: MergeGroup, orders: Sequence[MergeCandidate]) -> list[MergeCandidate]:
    return [order for order in orders if order.id in merged.order_ids]


@given(worlds(), st.randoms(use_true_random=False))
def test_no_order_of_anything_matters(world: World, random: object) -> None:
    orders, _owner, verdicts, rules = world
    found, asked = group(orders, rules, verdicts), questions(orders, rules, verdicts)
    random.shuffle(orders)  # type: ignore[attr-defined]
    random.shuffle(verdicts)  # type: ignore[attr-defined]
    assert group(orders, rules, verdicts) == found
    assert questions(orders, rules, verdicts) == asked


@given(worlds())
def test_grouping_what_was_grouped_is_the_same_again(world: World) -> None:
    orders, _owner, verdicts, rules = world
    found = group(orders, rules, verdicts)
    for merged in found:
        alone = group(orders_of(merged, orders), rules, verdicts)
        assert [one.order_ids for one in alone] == [merged.order_ids]
    members = [order for merged in found for order in orders_of(merged, orders)]
    assert group(members, rules, verdicts) == found


@given(worlds(), st.integers(0, 60))
def test_an_unrelated_order_changes_nothing(world: World, minute: int) -> None:
    orders, _owner, verdicts, rules = world
    found = group(orders, rules, verdicts)
    stranger = hidden(0, "nobody's", receiver_key=99, hint="****", minute=minute, channel_group="A")
    neighbour = full(-1, 1, facility_id=3, minute=minute)
    assert group([stranger, neighbour, *orders], rules, verdicts) == found


@given(worlds(), st.data())
def test_after_a_change_nobody_carries_anothers_goods(world: World, data: st.DataObject) -> None:
    """One member moves to another person's address: it never stays with those who have not moved."""
    orders, _owner, verdicts, rules = world
    for merged in group(orders, rules, verdicts):
        moved = data.draw(st.sampled_from(merged.order_ids))
        now = [
            replace(o, receiver_key=50, address_version=1, token=o.token and "new") if o.id == moved else o
            for o in orders_of(merged, orders)
        ]
        checked = recheck(merged, now, verdicts)
        assert moved not in checked.stays
        assert {*checked.stays, *(id_ for id_, _why in checked.leaves)} == set(merged.order_ids)
        assert len(checked.stays) in (0, len(merged.order_ids) - 1)


@given(worlds())
def test_questions_are_bounded_and_enough(world: World) -> None:
    """Asked and honestly answered, nothing is left to ask."""
    orders, owner, verdicts, rules = world
    asked = questions(orders, rules, verdicts)
    pairs = [pair for one in asked for pair in one.pairs]
    assert len(pairs) == len(set(pairs)) <= len(orders)
    assert all(2 <= len(one.pairs) <= rules.most_pairs for one in asked)
    by_id = {order.id: order for order in orders}
    told = []
    for number, one in enumerate(asked, start=10):
        ids = [pair.order_id for pair in one.pairs]
        assert len({by_id[id_].channel_id for id_ in ids} | {one.channel_id}) == 1
        groups = tuple(tuple(id_ for id_ in ids if owner[id_] == person) for person in (1, 2, 3))
        told.append(Verdict(number, by_id[ids[0]].platform, one.pairs, tuple(g for g in groups if g)))
    assert questions(orders, rules, [*verdicts, *told]) == ()
