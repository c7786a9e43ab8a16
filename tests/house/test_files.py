"""Templates, translations, migrations and documents keep the rules of the house."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import CreateModel

from core.secure import SecureTables
from tests.house import translations
from tests.house.rules import inline_code
from tests.house.source import FLOORS, ROOT, Source, sources


def templates() -> Iterator[tuple[str, str]]:
    """(name, text) of every template."""
    folders = [ROOT / "templates", *(ROOT / floor for floor in FLOORS)]
    for folder in folders:
        for path in sorted(folder.rglob("*.html")):
            yield str(path.relative_to(ROOT)), path.read_text()


@pytest.mark.parametrize(
    "bad",
    [
        '<p style="color: red">',
        "<a class=x\n onclick='go()'>",
        "<script>go()</script>",
        "<script type='module'>go()</script>",
        "<style>p {}</style>",
        '<p {% if a %}style="x"{% endif %}>',
    ],
)
def test_inline_code_is_found(bad: str) -> None:
    assert inline_code(bad)


@pytest.mark.parametrize(
    "good",
    [
        '<script src="/static/a.js" defer></script>',
        '<script type="application/json" id="x">{}</script>',
        "{# onclick= is forbidden #}<p class='on'>",
        "<p>style=x onclick=y</p>",
        '<button x-on:click="go" data-only="1">',
    ],
)
def test_what_is_no_inline_code_is_left_alone(good: str) -> None:
    assert not inline_code(good)


def test_templates_have_no_inline_code() -> None:
    found = list(templates())
    assert found
    assert not [f"{name}: {place}" for name, text in found for place in inline_code(text)]


def test_a_text_without_english_is_found() -> None:
    english = {"甲": "A", "有 %(n)d 个": "%(n)d of them", "丢了 %(n)d 个": "lost"}
    source = Source(
        "x.py", '_("甲")\ngettext("乙")\n_("有 %(n)d 个")\n_("丢了 %(n)d 个")\nngettext("丙", "丁", 2)\n'
    )
    found = list(translations.faults(translations.in_python(source), english))
    assert [fault.split(":")[1] for fault in found] == ["2", "4", "5"]
    page = '{% load i18n %}{% translate "甲" %}{% translate "戊" as x %}{% blocktranslate %}有 {{ n }} 份{% endblocktranslate %}'
    found = list(translations.faults(translations.in_template("x.html", page), english))
    assert len(found) == 2


def test_every_text_has_its_english() -> None:
    english = translations.known()
    python = (
        text
        for source in sources(*FLOORS)
        if not source.is_migration
        for text in translations.in_python(source)
    )
    pages = (text for name, page in templates() for text in translations.in_template(name, page))
    found = [*translations.faults(python, english), *translations.faults(pages, english)]
    assert not found, f"{len(found)} texts:\n" + "\n".join(found[:60])


def unsecured(created: Iterable[tuple[str, str]], secured: Iterable[tuple[str, str]]) -> list[str]:
    """(app, model) that were made as tenant tables, and never walled."""
    return sorted(f"{app}.{name}" for app, name in set(created) - set(secured))


def test_every_tenant_table_is_walled_by_a_migration() -> None:
    assert unsecured([("core", "job"), ("core", "x")], [("core", "job")]) == ["core.x"]
    created, secured = set(), set()
    for (app, _name), migration in MigrationLoader(None, ignore_no_migrations=True).disk_migrations.items():
        for operation in migration.operations:
            if isinstance(operation, CreateModel) and any(
                name == "tenant_id" for name, _field in operation.fields
            ):
                created.add((app, operation.name.lower()))
            if isinstance(operation, SecureTables):
                secured |= {(app, name.lower()) for name in operation.names}
    assert created
    assert not unsecured(created, secured)


def environment_names(tree: ast.AST) -> set[str]:
    """Variables that a module reads from the environment, directly or through settings' own readers."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        if text in {"os.environ.get", "os.getenv", "_required", "_flag", "_database"}:
            found |= {
                a.value
                for a in node.args
                if isinstance(a, ast.Constant) and isinstance(a.value, str) and a.value.isupper()
            }
    return found


def test_every_setting_is_in_the_operators_guide() -> None:
    sample = ast.parse(
        'A = os.environ.get("ERP_A", "x")\nB = _flag("ERP_B")\nC = _database("ONE_URL", "TWO_URL")\n'
    )
    assert environment_names(sample) == {"ERP_A", "ERP_B", "ONE_URL", "TWO_URL"}
    guide = ROOT / "docs" / "operations.md"
    if not guide.exists():
        pytest.skip("docs/operations.md is not written yet")
    text = guide.read_text()
    wanted = environment_names(ast.parse((ROOT / "erp" / "settings.py").read_text()))
    assert not sorted(name for name in wanted if not re.search(rf"\b{name}\b", text))


def test_no_file_names_this_machine() -> None:
    """A path of somebody's workplace says nothing to anybody else."""
    places = re.compile(r"(?<![\w.])/(?:home|root|work|Users)/\w")
    assert places.search("open('/home/me/x')")
    assert not places.search("see docs/work/plan.md")
    suffixes = {".py", ".md", ".html", ".toml", ".js", ".css", ".po", ".yml", ".sh"}
    ours = [
        path
        for folder in (*FLOORS, "templates", "script", "bench", "docs", "locale")
        for path in (ROOT / folder).rglob("*")
    ]
    wrong = [
        path for path in ours if path.suffix in suffixes and places.search(path.read_text(errors="replace"))
    ]
    assert not [str(path.relative_to(ROOT)) for path in wrong]


def test_budgets_are_sorted_and_small() -> None:
    budgets = json.loads(Path(ROOT, "tests/house/query_budgets.json").read_text())
    assert list(budgets) == sorted(budgets)
    assert all(0 <= most <= 12 for most in budgets.values())
