"""Remarks that ask for nothing: only phrases of the list pass, whatever stands between them; anything else stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.options import HARMLESS_REMARKS
from orders.rules.remarks import Harmless, fold

DEFAULT = Harmless(HARMLESS_REMARKS.default)
PHRASES = list(HARMLESS_REMARKS.default)
BETWEEN = st.sampled_from(["", " ", "，", "！！", "~", "。\n", "😊", "🙏🏻", "(", "\u3000"])


@pytest.mark.parametrize(
    "remark",
    [
        "谢谢",
        "谢谢！！",
        "麻烦尽快发货，谢谢老板😊",
        "包装好一点哦~",
        "急 急 急",
        "好评",
        "ＯＫ",
        "Thank you",
        "",
        "  ",
        "😀😀",
    ],
)
def test_thanks_stop_nothing(remark: str) -> None:
    assert DEFAULT.covers(remark)


@pytest.mark.parametrize(
    "remark",
    [
        "不用谢谢", "发顺丰，谢谢", "谢谢，要白色", "尽快发货，送到门卫", "1", "谢谢1️⃣", "谢谢①", "谢谢 x2",
        "好评返现", "不支持", "包装不好一点", "谢", "谢谢й", "谢谢\u200b要红色", "送人的，别放价格单",
        "请改地址", "请请 电话联系",
    ],
)  # fmt: skip
def test_whatever_else_is_said_stops(remark: str) -> None:
    assert not DEFAULT.covers(remark)


@given(st.lists(st.tuples(st.sampled_from(PHRASES), BETWEEN), min_size=1, max_size=6))
def test_phrases_in_any_order_pass(parts: list[tuple[str, str]]) -> None:
    assert DEFAULT.covers("".join(phrase + between for phrase, between in parts))


@given(
    st.lists(st.sampled_from(PHRASES), max_size=4),
    st.text(min_size=1, max_size=6),
    st.lists(st.sampled_from(PHRASES), max_size=4),
)
def test_what_passes_is_phrases_from_its_first_character_to_its_last(
    before: list[str], strange: str, after: list[str]
) -> None:
    remark = "".join([*before, strange, *after])
    text, folded = fold(remark), [fold(phrase) for phrase in PHRASES]
    reached = {0}
    for at in range(len(text) + 1):
        if at in reached:
            reached |= {at + len(phrase) for phrase in folded if text.startswith(phrase, at)}
    assert DEFAULT.covers(remark) == (len(text) in reached)


@given(st.text(max_size=30))
def test_a_merchant_without_phrases_reads_everything(remark: str) -> None:
    assert Harmless().covers(remark) == (not remark.strip())


def test_phrases_that_cannot_be_one_are_left_out() -> None:
    assert not Harmless(["", "！！", "谢" * 41])
    assert fold("谢　谢！") == "谢谢"
