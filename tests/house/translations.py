"""Texts that people see, found in our source and templates, and whether English knows them."""

import ast
import re
from collections.abc import Iterator, Mapping

from django.utils.translation.template import templatize

from script.house.translations import HEADER, catalog_of, entries
from tests.house.source import ROOT, Source, called, walked

FUNCTIONS = {
    "_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2, "pgettext": 1,
    "pgettext_lazy": 1,
}  # fmt: skip
HOLES = re.compile(r"%\((\w+)\)")
_LITERAL = r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_IN_TEMPLATE = re.compile(rf"\b(n?p?gettext)\(\s*{_LITERAL}(?:\s*,\s*{_LITERAL})?")


def in_python(source: Source) -> Iterator[tuple[str, str]]:
    """(place, text) of every text given to gettext; what is not a constant cannot be looked up in advance, so it is told apart."""
    for node in walked(source.tree):
        if not isinstance(node, ast.Call) or called(node) not in FUNCTIONS or not node.args:
            continue
        skip = 1 if called(node).startswith("pgettext") else 0
        argument = node.args[skip]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield f"{source.name}:{node.lineno}", argument.value


def in_template(name: str, text: str) -> Iterator[tuple[str, str]]:
    """The same for a template."""
    for match in _IN_TEMPLATE.finditer(templatize(text)):
        literal = match[3] if match[1].startswith("p") else match[2]
        yield name, ast.literal_eval(literal)


def known() -> Mapping[str, object]:
    """Chinese text → English, from the parts."""
    found: dict[str, object] = {}
    for part in sorted((ROOT / "locale" / "en" / "parts").glob("*.po")):
        for (_context, msgid), english in entries(catalog_of(HEADER + part.read_text(), part.name)).items():
            found[msgid] = english
    return found


def faults(texts: Iterator[tuple[str, str]], english: Mapping[str, object]) -> Iterator[str]:
    """Texts without English, and English that lost or invented a hole."""
    for place, text in texts:
        translation = english.get(text)
        values = list(translation) if isinstance(translation, list | tuple) else [translation or ""]
        if not any(values):
            yield f"{place}: no English for {text!r}"
        elif any(set(HOLES.findall(str(value))) != set(HOLES.findall(text)) for value in values):
            yield f"{place}: the holes of {text!r} are not those of its English"
