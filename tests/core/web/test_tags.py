"""What the tags render: markup a strict content policy allows, hue never without icon and word."""

import re

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from core.templatetags import cf
from core.web.parts import Column, State
from core.web.tables import Page


def show(source: str, **context: object) -> str:
    return Template("{% load cf %}" + source).render(Context(context))


def test_a_badge_has_hue_icon_and_word() -> None:
    html = show('{% state_badge "warn" "买家留言" %}')
    assert "cf-st--warn" in html
    assert "#tabler-alert-triangle" in html
    assert "买家留言</span>" in html
    assert show("{% state_badge s %}", s=State("stop", "超时", "clock-x")).count("#tabler-clock-x") == 1


def test_what_a_person_typed_is_escaped() -> None:
    assert "<b>" not in show("{% state_badge s %}", s=State("stop", "<b>"))
    assert "<b>" not in show("{% icon n %}", n="<b>")


def test_an_unknown_hue_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="pink"):
        show('{% state_badge "pink" "x" %}')


@given(
    st.lists(st.tuples(st.sampled_from(["live", "done", "stop"]), st.integers(-5, 10**9)), max_size=8),
    st.integers(0, 10**9),
)
def test_a_bar_never_leaves_its_track(segments: list[tuple[str, int]], total: int) -> None:
    rects = re.findall(r'x="([\d.]+)" y="0" width="([\d.]+)"', str(cf.bar(segments, total)))
    assert len(rects) == sum(amount > 0 for _hue, amount in segments)
    end = 0.0
    for x, width in rects:
        assert float(x) == pytest.approx(end)
        end = float(x) + float(width)
    assert end <= cf.BAR_WIDTH + 0.1 * len(rects)


def test_a_ring_knows_its_hue_and_says_the_time() -> None:
    assert "cf-ring--live" in cf.ring(47, 60)
    assert "cf-ring--warn" in cf.ring(15, 60)
    assert "cf-ring--stop" in cf.ring(9, 60)
    assert 'aria-label="还剩 47 秒"' in cf.ring(47, 60)
    assert 'data-left="0"' in cf.ring(-3, 60)


def test_urgency() -> None:
    assert [cf.urgency(s) for s in (-1, 1799, 1800, 7199, 7200, None)] == [
        "c-stop", "c-stop", "c-warn", "c-warn", "", "",
    ]  # fmt: skip


class OneField(forms.Form):
    code = forms.CharField(label="编码", help_text="和店铺里的一样")


def test_a_wrong_field_tells_readers_what_is_wrong() -> None:
    form = OneField({"code": ""})
    html = show('{% include "parts/field.html" %}', field=form["code"])
    described = re.search(r'aria-describedby="([^"]+)"', html)
    assert described is not None
    for id_ in described[1].split():
        assert f'id="{id_}"' in html
    assert 'aria-invalid="true"' in html
    assert '<label for="id_code">' in html


def head(sort: str, asked: str) -> str:
    request = RequestFactory().get("/x/", {"sort": asked, "after": "abc", "q": "K7"})
    page: Page[object] = Page([], "", "", sort, first_ways={"amount": "-amount", "due": "due"})
    columns = [
        Column("时限", "due"),
        Column("金额", "amount", is_number=True),
        Column("操作", is_hidden=True),
    ]
    source = '{% include "parts/table_head.html" %}'
    return show(source, request=request, page=page, columns=columns)


def test_heads_sort_and_paging_starts_anew() -> None:
    html = head("due", "due")
    assert 'aria-sort="ascending"' in html
    assert 'href="?sort=-due&amp;q=K7"' in html
    assert 'href="?sort=-amount&amp;q=K7"' in html
    assert "after=" not in html
    assert '<span class="vh">操作</span>' in html
    assert 'href="?sort=amount&amp;q=K7"' in head("-amount", "-amount")


def test_roles() -> None:
    class Member:
        role = "QUALITY"

    owner = type("Member", (), {"role": "OWNER"})()
    assert cf.has_role(Member(), "OPERATOR,QUALITY")  # type: ignore[arg-type]
    assert not cf.has_role(Member(), "OPERATOR")  # type: ignore[arg-type]
    assert cf.has_role(owner, "FINANCE")
    assert not cf.has_role(None, "FINANCE")
