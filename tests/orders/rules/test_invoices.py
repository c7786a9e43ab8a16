"""What channels say of invoices is read once; tax numbers carry their check; refunds only lower what waits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.rules.invoices import (
    Effect,
    InvoiceWish,
    Problem,
    after_refund,
    fold_tax_number,
    is_tax_number,
    left_minor,
    mask_of,
    problem_of,
    read_number,
    read_wish,
)

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def company_number(start: str) -> str:
    """The check sign by the definition: the weighted sum and it add up to a multiple of 31."""
    weights = [pow(3, place) for place in range(17)]
    total = sum(SIGNS.index(sign) * weight for sign, weight in zip(start, weights, strict=True))
    (check,) = [sign for value, sign in enumerate(SIGNS) if (total + value) % 31 == 0]
    return start + check


@pytest.mark.parametrize("text", ["", "-", "无", "不需要发票", " 不开发票 ", "NULL"])
def test_no_invoice_is_asked_for(text: str) -> None:
    assert read_wish(title=text) is None
    assert read_wish(title="某某公司", kind="不需要发票") is None


def test_a_title_alone_is_enough() -> None:
    assert read_wish(title=" 个人 ") == InvoiceWish("个人")
    company = read_wish(title="杭州某某科技有限公司")
    assert company is not None and company.is_company
    assert problem_of(company) is Problem.NO_TAX_NUMBER
    named = read_wish(title="张三", tax_number="9133 0106 ma2c fxxx 0t")
    assert named is not None and (named.is_company, named.tax_number) == (True, "91330106MA2CFXXX0T")


def test_a_kind_without_a_title_is_asked_for_and_says_what_is_missing() -> None:
    wish = read_wish(title="", kind="电子发票")
    assert wish is not None and problem_of(wish) is Problem.NO_TITLE


def test_what_else_the_channel_says_is_kept() -> None:
    wish = read_wish(title="某某厂", kind="增值税专用发票", content="办公用品类别")
    assert wish is not None
    assert (wish.is_company, wish.is_detailed, wish.note) == (True, False, "增值税专用发票 · 办公用品类别")


def test_tax_numbers_carry_their_check() -> None:
    good = company_number("91330106MA2CFXXX0")
    assert is_tax_number(good)
    assert not is_tax_number(good[:17] + ("0" if good[17] != "0" else "1")), "another check sign"
    assert is_tax_number("11010519491231002X"), "a person's number with a right check"
    assert not is_tax_number("110105194912310021")
    assert [is_tax_number("1" * n) for n in (14, 15, 16, 17, 19, 20, 21)] == [
        False,
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    assert not is_tax_number(good.lower())
    assert fold_tax_number(f" '{good.lower()[:6]} {good.lower()[6:]}") == good


@given(st.text(SIGNS, min_size=17, max_size=17), st.integers(0, 16), st.sampled_from(SIGNS))
def test_one_wrong_sign_is_found(start: str, place: int, sign: str) -> None:
    number = company_number(start)
    wrong = number[:place] + sign + number[place + 1 :]
    if wrong != number and not wrong[:17].isdigit():  # all digits may be a person's number by chance
        assert not is_tax_number(wrong)


def test_screens_show_companies_and_hide_people() -> None:
    assert mask_of(InvoiceWish("某某公司", is_company=True, tax_number="9133")) == "某某公司 9133"
    assert mask_of(InvoiceWish("张小三", email="zhang@mail.example.com")) == "张** z***@mail.example.com"
    assert mask_of(InvoiceWish("个人")) == "个人"
    trader = InvoiceWish("老王小店", is_company=True, tax_number="11010519491231002X")
    assert mask_of(trader) == "老王小店 110105****002X"


def test_problems() -> None:
    assert problem_of(InvoiceWish("个人", email="a@b.cn")) is None
    assert problem_of(InvoiceWish("个人", email="nobody")) is Problem.BAD_EMAIL
    assert problem_of(InvoiceWish("某厂", is_company=True, tax_number="123")) is Problem.BAD_TAX_NUMBER


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("26332000000012345678", "26332000000012345678"),
        ("'033001900111-12345678 ", "03300190011112345678"),
        ("1234567", None),
        ("=cmd|x", None),
        ("", None),
    ],
)
def test_invoice_numbers(text: str, number: str | None) -> None:
    assert read_number(text) == number


@given(st.integers(1, 10**12), st.lists(st.integers(0, 10**12), max_size=5), st.booleans())
def test_what_stands_is_never_more_than_what_is_left(paid: int, refunds: list[int], is_issued: bool) -> None:
    """Refunds one after the other or at once come to the same, and what was issued keeps its amount."""
    amount, effect, back = paid, Effect.KEEP, 0
    for refund in refunds:
        back += refund
        if effect in (Effect.KEEP, Effect.LOWER):
            effect, amount = after_refund(amount, left_minor(paid, back), is_issued=is_issued)
    left = left_minor(paid, sum(refunds))
    if is_issued:
        assert amount == paid
        assert (effect is Effect.REVERSE) == (left < paid)
    elif left:
        assert amount == left
    else:
        assert effect is Effect.CANCEL
