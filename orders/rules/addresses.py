"""Addresses: which district (GB/T 2260) a receiver's words name.  What is not certain is no answer, but may be suggested.

Codes have six digits: `330000` a province, `330100` a city of it, `330106` a district, county or county-level city.  A **leaf** is what
has nothing below it: every district, and the few cities (东莞, 中山, 儋州, 嘉峪关) and provinces that are not divided further.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

__all__ = ["MOST_SUGGESTED", "STREET_HEAD", "Found", "Gazetteer", "Place", "Written", "fold", "fold_region"]

MOST_SUGGESTED = 5
LONGEST_FIELD, STREET_HEAD = 60, 40  # characters that are looked at
MOST_NAMES = 5  # in one field: "浙江省杭州市浙江省杭州市西湖区"
SHORTEST_STEM, SHORTEST_IN_STREET = 2, 3
_SEPARATORS = frozenset(" \t\r\n,，、;；:：/\\|-—–·.。>_\u3000\u200b\ufeff")
_TRADITIONAL = str.maketrans(
    "東廣灣臺區縣寧陽漢慶鄭濟蘇遼龍內貴雲陝肅開長豐順門興紹無錫鎮揚連鹽遷溫麗嶺蕪馬銅莊煙濰臨濱薊澤貢瀘綿樂資爾壩涼義畢紅萊荊隨潛頭榮遠羅賓來賀縉鳳瓊樓華鋼鐵礦單雙橋圍頂蘭張葉渾撫綏琿鶴"
    "雞齊贛饒涇鄒黃崗薌薩維滿產業園經術島壽觀達壯潁渦懷廬儀鞏寶郟衛輝鄲滎穀麥棗陰當鍾監鄖歸嶽瀏鄉婁漣欽憑巖萬邊閬敘納墊節習織盤冊從劍祿勸尋師會騰衝彞嶗膠棲鄆",
    "东广湾台区县宁阳汉庆郑济苏辽龙内贵云陕肃开长丰顺门兴绍无锡镇扬连盐迁温丽岭芜马铜庄烟潍临滨蓟泽贡泸绵乐资尔坝凉义毕红莱荆随潜头荣远罗宾来贺缙凤琼楼华钢铁矿单双桥围顶兰张叶浑抚绥珲鹤"
    "鸡齐赣饶泾邹黄岗芗萨维满产业园经术岛寿观达壮颍涡怀庐仪巩宝郏卫辉郸荥谷麦枣阴当钟监郧归岳浏乡娄涟钦凭岩万边阆叙纳垫节习织盘册从剑禄劝寻师会腾冲彝崂胶栖郓",
)
_ENDS = (
    "特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "自治州", "自治县", "自治旗", "地区", "林区", "矿区",
    "新区", "省", "市", "区", "县", "旗", "盟",
)  # fmt: skip
_PEOPLES = (
    "朝鲜族", "土家族", "苗族", "藏族", "羌族", "彝族", "布依族", "侗族", "哈尼族", "壮族", "傣族", "白族", "景颇族", "傈僳族",
    "回族", "蒙古族", "蒙古", "哈萨克", "哈萨克族", "柯尔克孜", "满族", "瑶族", "黎族", "畲族", "仫佬族", "毛南族", "仡佬族", "水族",
    "纳西族", "拉祜族", "佤族", "布朗族", "独龙族", "怒族", "普米族", "东乡族", "保安族", "撒拉族", "裕固族", "土族", "达斡尔族",
    "鄂温克族", "各族", "锡伯", "塔吉克", "普米", "拉祜",
)  # fmt: skip
_NOT_NAMED = frozenset(("县", "省直辖县级行政区划", "自治区直辖县级行政区划"))
_SAYS_NOTHING = _NOT_NAMED | {
    "市辖区",
    "其它区",
    "其他区",
    "其它",
    "其他",
    "无",
    "省直辖",
    "省直辖县",
    "省直辖县级",
    "直辖县级",
    "其它市",
    "其他市",
}
_COMMON = frozenset("省市区县旗州盟自治新")  # says nothing about which


@dataclass(frozen=True, slots=True)
class Place:
    """A division of the national list."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Written:
    """An address as its receiver wrote it."""

    province: str
    city: str
    district: str
    street: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`code`: of the one leaf that the words name, or empty.  `suggestions`: what may be meant then, the best first; a city among them
    means that the city is known and the district is not.
    """

    code: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Mention:
    """One name in the text, and every division it may be; `full` by their whole (or former) name."""

    text: str
    codes: frozenset[str]
    full: frozenset[str]


_Names = tuple[_Mention, ...]


def fold(text: str) -> str:
    """Without blanks and separators, in one width, in simplified characters as far as place names have them."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join([c for c in plain if c not in _SEPARATORS]).translate(_TRADITIONAL)


def fold_region(province: str, city: str, district: str) -> str:
    """What two addresses have in common when their receivers wrote the same region: the key of a remembered answer; empty when no
    region was written, or none that could be told apart from a street.
    """
    parts = [fold(part) for part in (province, city, district)]
    if any(len(part) > LONGEST_FIELD for part in parts):
        return ""
    return "|".join(parts) if any(part not in _SAYS_NOTHING and part for part in parts) else ""


def _stem(name: str) -> str:
    for end in _ENDS:
        if name.endswith(end) and len(name) > len(end):
            name = name[: -len(end)]
            break
    cut = True
    while cut:
        cut = False
        for people in _PEOPLES:
            if name.endswith(people) and len(name) - len(people) >= SHORTEST_STEM:
                name, cut = name[: -len(people)], True
    return name


def _above(code: str) -> tuple[str, str]:
    return code[:2] + "0000", code[:4] + "00"


class Gazetteer:
    """The national list, ready to be asked.  `former`: (name that a division had, code of what it lies in now); a name that was divided
    stands there once for each part.  Immutable after it is made.
    """

    def __init__(self, places: Iterable[Place], former: Iterable[tuple[str, str]] = ()) -> None:
        self._names = {place.code: place.name for place in places}
        parents = {up for code in self._names for up in _above(code) if up != code}
        self._leaves = frozenset(self._names) - parents
        self._by_text: dict[str, tuple[set[str], set[str]]] = {}
        for code, name in self._names.items():
            if name not in _NOT_NAMED:
                self._add(code, name)
        own = frozenset(self._names.values())
        for code, name in self._names.items():
            self._add_earlier(code, name, own)
        for name, code in former:
            self._note(name, code, is_full=True)
        self._longest = max(map(len, self._by_text), default=0)
        self._under: dict[str, list[str]] = {}
        for leaf in sorted(self._leaves):
            for up in {*_above(leaf), leaf}:
                self._under.setdefault(up, []).append(leaf)
        self._pieces: dict[str, list[str]] = {}
        for leaf in sorted(self._leaves):
            words = {piece for up in {*_above(leaf), leaf} for piece in _pieces(self._names.get(up, ""))}
            for word in words:
                self._pieces.setdefault(word, []).append(leaf)

    def _add(self, code: str, name: str) -> None:
        self._note(name, code, is_full=True)
        stem = _stem(name)
        if len(stem) < SHORTEST_STEM or stem == name:
            return
        self._note(stem, code, is_full=False)

    def _add_earlier(self, code: str, name: str, own: frozenset[str]) -> None:
        """A district or a county-level city was a county or a city before, unless somebody is called that today."""
        stem = _stem(name)
        upper = {_stem(self._names.get(up, "")) for up in _above(code)}
        if (
            code.endswith("00")
            or not name.endswith(("区", "市"))
            or len(stem) < SHORTEST_STEM
            or stem in upper
        ):
            return
        for earlier in (stem + "县", stem + "市"):
            if earlier not in own:
                self._note(earlier, code, is_full=True)

    def _note(self, text: str, code: str, *, is_full: bool) -> None:
        codes, full = self._by_text.setdefault(text, (set(), set()))
        codes.add(code)
        if is_full:
            full.add(code)

    def name(self, code: str) -> str:
        """The name of one division; empty for a code that is not in the list."""
        return self._names.get(code, "")

    def path(self, code: str) -> str:
        """Province, city and district in one line, each once."""
        names = [self._names.get(up, "") for up in (*_above(code), code)]
        return " ".join(dict.fromkeys(name for name in names if name and name not in _NOT_NAMED))

    def is_leaf(self, code: str) -> bool:
        return code in self._leaves

    def resolve(self, written: Written, *, suggests: bool = True) -> Found:
        """The one leaf that the words name, else (where they are wanted) suggestions.

        A field counts only when names fill it entirely; what stands in it below a leaf that an earlier field names is a town and is not
        asked.  From the street only what it begins with counts, by whole names.  Every name must agree with every other one.  Laws: a
        leaf is never found unless its name, its stem or a former name stands there; a division's own names find it; found again, it is
        the same.
        """
        fields = [self._field(text) for text in (written.province, written.city, written.district)]
        leaves = self._agreed(fields) if None not in fields else self._cut_short(fields)
        if not leaves and None not in fields and not self._names_leaf(fields):
            heads = self._heads(fold(written.street)[:STREET_HEAD])
            leaves = self._agreed([*fields, heads]) if heads else set()
        if len(leaves) == 1:
            return Found(leaves.pop())
        return Found("", self._suggest(written, fields, leaves) if suggests else ())

    def _field(self, text: str) -> Sequence[_Names] | None:
        """Every way in which names fill the text; None when there is none."""
        folded = fold(text)
        if not folded or folded in _SAYS_NOTHING:
            return ((),)
        if len(folded) > LONGEST_FIELD:
            return None
        return self._tile(folded, MOST_NAMES) or None

    def _tile(self, text: str, most: int) -> list[_Names]:
        if not text:
            return [()]
        if not most:
            return []
        return [
            (mention, *rest)
            for mention in self._at(text)
            for rest in self._tile(text[len(mention.text) :], most - 1)
        ]

    def _at(self, text: str) -> list[_Mention]:
        """The names that a text begins with."""
        found = []
        for length in range(min(self._longest, len(text)), SHORTEST_STEM - 1, -1):
            known = self._by_text.get(text[:length])
            if known is not None:
                found.append(_Mention(text[:length], frozenset(known[0]), frozenset(known[1])))
        return found

    def _heads(self, street: str, most: int = MOST_NAMES) -> list[_Names]:
        """Names that a street begins with, up to one that is a leaf's in full."""
        found: list[_Names] = []
        for mention in self._at(street) if most else ():
            is_named = len(mention.text) >= SHORTEST_IN_STREET or mention.text.endswith("县")
            if is_named and mention.full & self._leaves:
                found.append((mention,))
            if any(code.endswith("00") for code in mention.codes):
                found += [(mention, *rest) for rest in self._heads(street[len(mention.text) :], most - 1)]
        return found

    def _agreed(self, fields: Sequence[Sequence[_Names] | None]) -> set[str]:
        """Leaves that some reading of the fields names, and that no name in it contradicts."""
        leaves: set[str] = set()
        for reading in product(*[field or ((),) for field in fields]):
            names = [mention for part in reading for mention in part]
            for leaf in {code for mention in names for code in mention.codes & self._leaves}:
                chain = {leaf, *_above(leaf)}
                if all(mention.codes & chain for mention in names) and any(_names(m, leaf) for m in names):
                    leaves.add(leaf)
        return leaves

    def _cut_short(self, fields: Sequence[Sequence[_Names] | None]) -> set[str]:
        """The fields before the first that nobody can read, when they name a leaf in full: the rest is a town of it."""
        readable = fields[: list(fields).index(None)]
        leaves = self._agreed(readable)
        said = {
            code for field in readable for names in field or () for mention in names for code in mention.full
        }
        return leaves if leaves <= said else set()

    def _names_leaf(self, fields: Sequence[Sequence[_Names] | None]) -> bool:
        return any(
            _names(mention, code)
            for field in fields
            for names in field or ()
            for mention in names
            for code in mention.codes & self._leaves
            if not code.endswith("00")
        )

    def _suggest(
        self, written: Written, fields: Sequence[Sequence[_Names] | None], leaves: set[str]
    ) -> tuple[str, ...]:
        """Leaves that share most with what was written, within what is known; last the city, when that is known and they are of it."""
        if len(leaves) > 1:
            return tuple(sorted(leaves)[:MOST_SUGGESTED])
        cities, provinces = self._known([*fields, self._wider(fold(written.street)[:STREET_HEAD])])
        within = self._within(cities, provinces)
        region = fold(written.province) + fold(written.city) + fold(written.district)
        score: Counter[str] = Counter()
        for text, weight in ((region, 3), (fold(written.street)[:STREET_HEAD], 1)):
            for piece in _pieces(text):
                if within is None and len(piece) == 1:
                    continue  # one character is in hundreds of names
                for leaf in self._pieces.get(piece, ()):
                    if within is None or leaf in within:
                        score[leaf] += weight * len(piece)
        if within is not None and score:  # what all of them share says nothing
            least = min(score.values()) if len(score) == len(within) else 0
            score = Counter({leaf: points for leaf, points in score.items() if points > least})
        best = [leaf for leaf, _points in sorted(score.items(), key=lambda pair: (-pair[1], pair[0]))]
        city = sorted(cities) if len(cities) == 1 else []
        return (*best[: MOST_SUGGESTED - len(city)], *city)

    def _wider(self, street: str) -> list[_Names]:
        """Provinces and cities that a street begins with."""
        found: list[_Mention] = []
        while len(found) < MOST_NAMES:
            mention = next((m for m in self._at(street) if m.full - self._leaves), None)
            if mention is None:
                break
            found.append(mention)
            street = street[len(mention.text) :]
        return [tuple(found)]

    def _known(self, fields: Sequence[Sequence[_Names] | None]) -> tuple[set[str], set[str]]:
        """Cities that the readable fields name in full, and provinces, as far as they agree."""
        said = {
            code
            for field in fields
            for names in field or ()
            for mention in names
            for code in mention.full or mention.codes
        } - self._leaves
        provinces = {code for code in said if code.endswith("0000")}
        cities = {code for code in said if code.endswith("00") and not code.endswith("0000")}
        if provinces:
            cities = {code for code in cities if _above(code)[0] in provinces}
        return cities, provinces

    def _within(self, cities: set[str], provinces: set[str]) -> set[str] | None:
        wider = cities or provinces
        return {leaf for up in wider for leaf in self._under.get(up, ())} if wider else None


def _names(mention: _Mention, leaf: str) -> bool:
    """Whether this name means the leaf: in full, or by a stem that is not as well the name of what it lies in."""
    if leaf not in mention.codes:
        return False
    return leaf in mention.full or not mention.codes & (set(_above(leaf)) - {leaf})


def _pieces(text: str) -> set[str]:
    """Characters and pairs of them that say something."""
    plain = "".join(c for c in text if c not in _COMMON)
    return {*plain, *(plain[i : i + 2] for i in range(len(plain) - 1))}
