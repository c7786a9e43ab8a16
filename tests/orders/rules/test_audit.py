"""Audit finds everything at once, and nothing else."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.audit import (
    ADDRESS_MISSING,
    ADDRESS_UNKNOWN,
    AMOUNT_MISMATCH,
    AMOUNT_OVER_LIMIT,
    BAD_LINE,
    BUYER_REMARK,
    CODES,
    DUPLICATE_SUSPECTED,
    SELLER_REMARK,
    SKU_UNMAPPED,
    STOPPING,
    WEIGHT_UNKNOWN,
    AuditContext,
    AuditRules,
    Finding,
    audit,
    repeated_receivers,
)
from orders.rules.remarks import Harmless
from orders.rules.values import Line, Order, ParcelRule, Sku

DAY = date(2026, 1, 1)
SKUS = {
    1: Sku(1, 500, 10, 10, 10, ParcelRule.NORMAL, None, ""),
    2: Sku(2, None, 10, 10, 10, ParcelRule.NORMAL, None, ""),
}
GOOD = Order(
    id=900,
    receiver_key=77,
    remark="",
    seller_remark="",
    amount_minor=3_300,
    charge_minor=500,
    discount_minor=200,
    min_expires_on=DAY,
    ship_by=DAY,
    has_address=True,
    needs_address=True,
    lines=(Line(1, 1, 2, 1_000), Line(2, 1, 1, 1_000)),
)
NO_RULES = AuditContext()

# Each fault alone: what is changed in a good order, and the code and facts that must be found.
FAULTS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    BAD_LINE: ({"id": 13}, {"rows": (4, 5)}),
    SKU_UNMAPPED: ({"lines": (Line(1, 0, 2, 1_000), Line(2, 1, 1, 1_000))}, {"lines": (1,)}),
    WEIGHT_UNKNOWN: ({"lines": (Line(1, 2, 2, 1_000), Line(2, 1, 1, 1_000))}, {"skus": (2,)}),
    ADDRESS_MISSING: ({"has_address": False}, {}),
    ADDRESS_UNKNOWN: ({"id": 14}, {"written": "浙江省 高新区"}),
    BUYER_REMARK: ({"remark": "请送到门卫"}, {"remark": "请送到门卫"}),
    SELLER_REMARK: ({"seller_remark": "加急"}, {"remark": "加急"}),
    AMOUNT_MISMATCH: ({"charge_minor": 501}, {"stated_minor": 3_300, "computed_minor": 3_301}),
    AMOUNT_OVER_LIMIT: (
        {"amount_minor": 5_001, "charge_minor": 2_201},
        {"amount_minor": 5_001, "limit_minor": 5_000},
    ),
    DUPLICATE_SUSPECTED: ({"receiver_key": 78}, {"receiver_key": 78}),
}
UNPLACED = {14: (("written", "浙江省 高新区"),)}
CONTEXT = AuditContext(AuditRules(amount_limit_minor=5_000), frozenset({78}), {13: (4, 5)}, UNPLACED)
TOGETHER = [code for code in CODES if "AMOUNT" not in code and code not in (WEIGHT_UNKNOWN, ADDRESS_UNKNOWN)]


def test_a_good_order_passes() -> None:
    assert audit(GOOD, SKUS, CONTEXT) == ()


def test_every_code_has_a_case() -> None:
    assert tuple(FAULTS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_each_fault_alone(code: str) -> None:
    change, facts = FAULTS[code]
    (finding,) = audit(replace(GOOD, **change), SKUS, CONTEXT)  # type: ignore[arg-type]
    assert (finding.code, dict(finding.detail), finding.stops) == (code, facts, code in STOPPING)


@given(
    st.sets(st.sampled_from(TOGETHER)),
    st.frozensets(st.sampled_from(CODES)),
    st.frozensets(st.sampled_from(CODES)),
)
def test_faults_are_found_together_and_rules_only_choose_what_they_do(
    codes: set[str], stops: frozenset[str], off: frozenset[str]
) -> None:
    order = GOOD
    for code in codes:
        order = replace(order, **FAULTS[code][0])  # type: ignore[arg-type]
    context = replace(CONTEXT, rules=AuditRules(5_000, stops, off))
    found = audit(order, SKUS, context)
    assert [finding.code for finding in found] == [code for code in CODES if code in codes - off]
    assert all(finding.stops == (finding.code in stops) for finding in found)
    assert audit(replace(order, lines=order.lines[::-1]), SKUS, context) == found


def test_all_unmapped_lines_are_one_finding() -> None:
    order = replace(GOOD, lines=(Line(2, 0, 1, 1_000), Line(1, 99, 2, 1_000)))
    assert audit(order, SKUS, NO_RULES) == (Finding(SKU_UNMAPPED, (("lines", (1, 2)),), stops=True),)


def test_harmless_words_of_a_buyer_stop_nothing_and_those_of_a_seller_do() -> None:
    context = AuditContext(AuditRules(harmless=Harmless(["谢谢"])))
    assert audit(replace(GOOD, remark="谢谢！"), SKUS, context) == ()
    found = audit(replace(GOOD, remark="谢谢，要白的", seller_remark="谢谢"), SKUS, context)
    assert [finding.code for finding in found] == [BUYER_REMARK, SELLER_REMARK]


@pytest.mark.parametrize(
    "change",
    [
        {"remark": " \u3000"},
        {"receiver_key": None},
        {"has_address": False, "needs_address": False},
        {"amount_minor": 5_000, "charge_minor": 2_200},
    ],
)
def test_what_is_not_a_fault(change: dict[str, object]) -> None:
    assert audit(replace(GOOD, **change), SKUS, CONTEXT) == ()  # type: ignore[arg-type]


def test_an_order_whose_rows_were_all_refused_still_says_so() -> None:
    found = audit(replace(GOOD, id=13, lines=()), SKUS, CONTEXT)
    assert [finding.code for finding in found] == [BAD_LINE, AMOUNT_MISMATCH]


def test_repeated_receivers_of_a_chunk() -> None:
    orders = [replace(GOOD, id=ident, receiver_key=key) for ident, key in enumerate([1, None, 2, 1, None])]
    assert repeated_receivers(orders) == {1}
