"""Every template: nothing that the content policy refuses, no icon that the sprite lacks, no dead part."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
REFUSED = {
    "a style attribute": re.compile(r"\sstyle\s*="),
    "an inline handler": re.compile(r"\son[a-z]+\s*="),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)"),
    "an inline style sheet": re.compile(r"<style"),
    "a foreign address": re.compile(r"""(?:src|href|action)=["'](?:https?:)?//"""),
    "an expression for Alpine": re.compile(r"""\sx-[a-z:.-]+=["'][^"'{]*[^\w"'.{-][^"']*["']"""),
    "htmx that evaluates": re.compile(r"""hx-on|hx-vals=["']js:|hx-trigger=["'][^"']*\["""),
}


def names(path: Path) -> str:
    return str(path.relative_to(ROOT / "templates"))


@pytest.mark.parametrize("path", TEMPLATES, ids=names)
def test_nothing_that_the_policy_refuses(path: Path) -> None:
    text = path.read_text()
    found = [what for what, pattern in REFUSED.items() if pattern.search(text)]
    assert not found


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="x">', '<p onclick="x">', "<script>x</script>", '<script src="//cdn.example/x.js">',
        '<p x-on:click="a = 1">', '<p hx-on:click="x">', '<p hx-trigger="click[ctrlKey]">',
    ],
)  # fmt: skip
def test_the_check_finds_what_it_looks_for(bad: str) -> None:
    assert any(pattern.search(bad) for pattern in REFUSED.values())


def test_every_icon_is_in_the_sprite() -> None:
    listed = {line.partition("#")[0].strip() for line in (ROOT / "static/icons.txt").read_text().splitlines()}
    used = set()
    for path in TEMPLATES:
        used |= set(re.findall(r"""\{% icon ["']([\w-]+)["']""", path.read_text()))
        used |= set(re.findall(r"""icon=["']([\w-]+)["']""", path.read_text()))
    assert used <= listed, used - listed


def test_every_static_file_is_there() -> None:
    for path in TEMPLATES:
        for name in re.findall(r"""\{% static ["']([^"']+)["'] %\}""", path.read_text()):
            if not name.startswith(("vendor/", "django_htmx/")):
                assert (ROOT / "static" / name).is_file(), f"{names(path)}: {name}"
