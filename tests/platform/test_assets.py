from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from script.house.assets import COPIES, SPRITE, icon_names, publish, sprite
from script.house.problem import Problem
from script.house.setup_env import ROOT

VENDOR = ROOT / "static" / "vendor"
ICON = """<svg
  width="24" viewBox="0 0 24 24" class="icon"
>
  <path stroke="none" d="M0 0h24v24H0z" fill="none" />
  <path d="M9 12l2 2l4 -4" />
</svg>"""


def test_every_icon_named_is_in_the_sprite_and_nothing_else() -> None:
    names = icon_names((ROOT / "static" / "icons.txt").read_text())
    root = ET.parse(VENDOR / SPRITE).getroot()
    assert [symbol.get("id") for symbol in root] == [f"tabler-{name}" for name in names]
    assert all(len(symbol) for symbol in root)


def test_vendor_files_are_there_and_point_to_no_source_map() -> None:
    for name in COPIES.values():
        content = (VENDOR / name).read_bytes()
        assert len(content) > 10_000, name
        assert b"sourceMappingURL" not in content, name


def test_names_skip_comments_and_come_once() -> None:
    assert icon_names("check\n# a comment\n\nbox  # why\ncheck\n") == ["box", "check"]


def test_sprite_keeps_the_shape_and_drops_the_square(tmp_path: Path) -> None:
    (tmp_path / "check.svg").write_text(ICON)
    text = sprite(["check"], tmp_path)
    assert '<symbol id="tabler-check" viewBox="0 0 24 24"' in text
    assert "M9 12l2 2l4 -4" in text
    assert "M0 0h24v24H0z" not in text


def test_unknown_icons_are_named_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no-such-icon, nor-this"):
        sprite(["no-such-icon", "nor-this"], tmp_path)


def test_a_failed_publish_leaves_the_old_files(tmp_path: Path) -> None:
    vendor = tmp_path / "static" / "vendor"
    vendor.mkdir(parents=True)
    (vendor / "kept").touch()
    with pytest.raises(FileNotFoundError):
        publish(tmp_path, vendor)
    assert (vendor / "kept").exists()
