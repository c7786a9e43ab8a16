import gettext
from pathlib import Path

import pytest

from script.house.problem import Problem
from script.house.setup_env import ROOT
from script.house.translations import compile_translations, contradictions

PART = """\
msgid "订单"
msgstr "Orders"

msgctxt "按钮"
msgid "订单"
msgstr "Order now"

msgid "%(n)d 个包裹"
msgid_plural "%(n)d 个包裹"
msgstr[0] "%(n)d parcel"
msgstr[1] "%(n)d parcels"

msgid ""
"第一行\\n"
"第二行 \\"引号\\""
msgstr "two\\nlines \\"quoted\\""
"""


def parts_of(root: Path, **texts: str) -> list[Path]:
    folder = root / "locale" / "en" / "parts"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.po").write_text(text)
    return sorted(folder.glob("*.po"))


def test_parts_become_one_catalogue_that_gettext_reads(tmp_path: Path) -> None:
    parts_of(tmp_path, a=PART, b='msgid "仓库"\nmsgstr "Warehouse"\n\nmsgid "订单"\nmsgstr "Orders"\n')
    assert compile_translations(tmp_path, tmp_path / "stamps")
    assert not compile_translations(tmp_path, tmp_path / "stamps")
    english = gettext.translation("django", tmp_path / "locale", ["en"])
    assert english.gettext("订单") == "Orders"
    assert english.pgettext("按钮", "订单") == "Order now"
    assert english.gettext("仓库") == "Warehouse"
    assert english.ngettext("%(n)d 个包裹", "%(n)d 个包裹", 1) == "%(n)d parcel"
    assert english.ngettext("%(n)d 个包裹", "%(n)d 个包裹", 2) == "%(n)d parcels"
    assert english.gettext('第一行\n第二行 "引号"') == 'two\nlines "quoted"'


def test_two_words_for_one_idea_are_found(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, a='msgid "占用"\nmsgstr "Reserved"\n', b='msgid "占用"\nmsgstr "Occupied"\n')
    assert contradictions(parts) == ["'占用': 'Reserved' in a.po, 'Occupied' in b.po"]
    assert contradictions(parts[:1]) == []


def test_a_broken_part_is_named(tmp_path: Path) -> None:
    parts_of(tmp_path, broken='msgid "订单"\nmsgstr "Orders\n')
    with pytest.raises(Problem, match=r"broken\.po"):
        compile_translations(tmp_path, tmp_path / "stamps")


def test_the_parts_of_this_project_agree() -> None:
    assert contradictions(sorted((ROOT / "locale" / "en" / "parts").glob("*.po"))) == []
