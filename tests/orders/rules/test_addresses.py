"""Which district a receiver's words name: exact names, other ways to write them, and no answer where it is not certain."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import divisions
from orders.rules.addresses import Found, Written, fold, fold_region

PLACES = divisions.gazetteer()
with divisions.DATA.open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
NAMES = {row["code"]: row["name"] for row in ROWS}
DISTRICTS = [row["code"] for row in ROWS if row["level"] == "district"]
with divisions.FORMER.open(encoding="utf-8", newline="") as _file:
    FORMER = [(row["name"], row["code"]) for row in csv.DictReader(_file)]
HOLLOW = ("县", "省直辖县级行政区划", "自治区直辖县级行政区划")


def up(code: str) -> tuple[str, str]:
    city = NAMES.get(code[:4] + "00", "")
    return NAMES[code[:2] + "0000"], "" if city in HOLLOW else city


def test_every_district_is_found_by_its_own_names() -> None:
    for code in DISTRICTS:
        province, city = up(code)
        assert PLACES.resolve(Written(province, city, NAMES[code])) == Found(code)
        assert PLACES.resolve(Written(province + city + NAMES[code], "", "")) == Found(code)
        assert PLACES.resolve(Written(*_path(code))) == Found(code), "found again, it is the same"


def _path(code: str) -> tuple[str, str, str]:
    names = [*PLACES.path(code).split(), "", ""]
    return names[0], names[1], names[2]


def test_no_name_of_the_list_is_changed_by_folding() -> None:
    assert [name for name in NAMES.values() if fold(name) != name] == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (("浙江", "杭州", "西湖", "文三路 1 号"), "330106"),
        (("浙江省 ", " 杭州市", "西 湖 区", "x"), "330106"),
        (("廣東省", "廣州市", "番禺區", "x"), "440113"),
        (("", "", "", "浙江省杭州市西湖区文三路478号"), "330106"),
        (("", "", "", "浙江省 杭州市 浙江省 杭州市 西湖区 文三路"), "330106"),
        (("浙江省", "杭州市", "", "西湖区文三路"), "330106"),
        (("浙江省", "杭州市", "其它区", "西湖区文三路"), "330106"),
        (("浙江省", "杭州市", "下城区", "x"), "330105"),
        (("浙江省", "杭州市", "富阳市", "x"), "330111"),
        (("上海市", "上海市", "南汇区", "x"), "310115"),
        (("北京", "朝阳区", "三环到四环之间", "x"), "110105"),
        (("北京市", "市辖区", "海淀区", "x"), "110108"),
        (("广东", "东莞市", "虎门镇", "x"), "441900"),
        (("湖北省", "省直辖县级行政区划", "天门市", "x"), "429006"),
        (("湖北", "仙桃市", "干河街道", "x"), "429004"),
        (("吉林", "吉林", "昌邑", "x"), "220202"),
        (("江苏省", "昆山市", "", "花桥镇"), "320583"),
        (("新疆", "伊犁", "伊宁市", "x"), "654002"),
        (("内蒙古", "锡林郭勒盟", "锡林浩特", "x"), "152502"),
    ],
)
def test_other_ways_to_write_it(written: tuple[str, str, str, str], code: str) -> None:
    assert PLACES.resolve(Written(*written)).code == code


@pytest.mark.parametrize(
    ("written", "first"),
    [
        (("", "", "朝阳区", "x"), {"110105", "220104"}),
        (("浙江省", "杭州市", "江干区", "x"), {"330102", "330114"}),
        (("新疆", "伊犁", "伊宁", "x"), {"654002", "654021"}),
        (("浙江省", "杭洲市", "西湖区", "x"), {"330106"}),
        (("浙江省", "杭州市", "西糊区", "x"), {"330106"}),
        (("浙江省", "杭州市", "", "文三路 1 号"), {"330100"}),
        (("江苏省", "苏州市", "工业园区", "星湖街"), {"320500"}),
        (("江苏省", "杭州市", "西湖区", "x"), {"330106"}),
        (("河南", "安阳市", "安阳", ""), {"410500"}),
        (("浙江省", "杭州市", "", "近西湖区政府"), {"330106"}),
    ],
)
def test_what_is_not_certain_is_only_suggested(written: tuple[str, str, str, str], first: set[str]) -> None:
    found = PLACES.resolve(Written(*written))
    assert found.code == ""
    if written[0] != "江苏省" or written[1] != "杭州市":
        assert set(found.suggestions[: len(first)]) == first


PIECES = st.sampled_from(
    [
        "", "浙江", "浙江省", "杭州", "杭州市", "西湖", "西湖区", "朝阳", "朝阳区", "吉林", "吉林市", "南昌市",
        "北京", "北京市", "下城区", "东山区", "鼓楼区", "南京", "徐州市", "其它区", "虎门镇", "东莞",
        "文三路 1 号", "x", "伊宁", "安阳", "县", "市辖区", "莱芜市", "路",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=4).map("".join)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_nothing_is_found_whose_name_is_not_there(
    province: str, city: str, district: str, street: str
) -> None:
    found = PLACES.resolve(Written(province, city, district, street))
    if not found.code:
        return
    text = fold(province + city + district + street)
    name = NAMES[found.code]
    earlier = [old for old, code in FORMER if code == found.code]
    stems = [name.removesuffix(end) for end in ("市", "区", "县", "省") if name.endswith(end)]
    assert any(word and word in text for word in (name, *stems, *earlier)), (name, text)
    assert PLACES.resolve(Written(*_path(found.code))).code == found.code


@given(st.text(max_size=80), st.text(max_size=80), st.text(max_size=80), st.text(max_size=200))
def test_any_text_is_borne(province: str, city: str, district: str, street: str) -> None:
    found = PLACES.resolve(Written(province, city, district, street))
    assert not (found.code and found.suggestions)
    assert len(found.suggestions) <= 5


def test_what_is_remembered_is_a_region_and_never_a_street() -> None:
    assert fold_region("浙江省", "杭州市 ", "高新区") == fold_region("浙江省", "杭州市", "高新區")
    assert fold_region("浙江省", "杭州市", "") != fold_region("浙江省", "", "杭州市")
    assert fold_region("", " ", "") == "" == fold_region("", "市辖区", "其它区")
    assert fold_region("浙江省", "杭州市", "西湖区" + "文三路" * 30) == ""


def test_masked_regions_are_not_looked_at() -> None:
    assert divisions.look("浙江省", "杭州市", "****", "西湖区文三路") == Found()
