"""The rules of the house hold in our source; each rule finds its bad sample and leaves its good one alone."""

import ast
import importlib.util
import subprocess
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings

from tests.house import rules
from tests.house.source import FLOORS, OURS, ROOT, Source, sources, walked

Rule = Callable[[Source], Iterator[str]]

SAMPLES: list[tuple[Rule, str, str, str]] = [
    (
        rules.impure,
        "inventory/rules/x.py",
        "from datetime import date\nfrom inventory.rules import fefo\n",
        "",
    ),
    (rules.impure, "inventory/rules/x.py", "", "from django.utils import timezone\n"),
    (rules.impure, "inventory/rules/x.py", "", "from orders.rules import splitting\n"),
    (rules.impure, "inventory/rules/x.py", "", "import random\n"),
    (rules.impure, "inventory/rules/x.py", "", "from datetime import date\nday = date.today()\n"),
    (rules.impure, "inventory/rules/x.py", "", "import datetime\nat = datetime.datetime.now()\n"),
    (rules.locks_outside, "orders/x.py", "rows = db.lock(Rank.ORDER, Order, 'id', 'id = 1')\n", ""),
    (rules.locks_outside, "orders/x.py", "", "Order.objects.select_for_update().get()\n"),
    (rules.locks_outside, "orders/x.py", "", "db.rows('SELECT 1 FROM t FOR UPDATE')\n"),
    (rules.locks_outside, "orders/x.py", "", "db.rows(f'SELECT 1 FROM {t} for no key  update')\n"),
    (
        rules.locks_outside,
        "orders/x.py",
        "SQL = 'SELECT 1 FOR NO KEY UPDATE'\ndb.lock_sql(Rank.ORDER, SQL)\n",
        "",
    ),
    (rules.locks_outside, "orders/x.py", "", "SQL = 'SELECT 1 FOR NO KEY UPDATE'\ndb.rows(SQL)\n"),
    (rules.broker_outside, "orders/x.py", "outbox.emit('OrdersTaken', {})\n", "task.delay(1)\n"),
    (rules.broker_outside, "orders/x.py", "", "task.apply_async(args=(1,))\n"),
    (
        rules.compares_expiry,
        "orders/x.py",
        "a = lot.expires_on == other.expires_on\n",
        "lot.expires_on < today\n",
    ),
    (rules.compares_expiry, "orders/x.py", "", "a = lot.expires_on < other.expires_on\n"),
    (rules.compares_expiry, "inventory/sellable.py", "a = lot.expires_on < first\n", ""),
    (
        rules.compares_expiry,
        "orders/x.py",
        "Lot.objects.filter(expires_on=day)\n",
        "Lot.objects.filter(expires_on__lt=day)\n",
    ),
    (rules.compares_expiry, "orders/x.py", "", "Balance.objects.filter(lot__expires_on__gte=day)\n"),
    (
        rules.compares_expiry,
        "orders/x.py",
        "S = 'SELECT expires_on FROM l ORDER BY expires_on NULLS LAST'\n",
        "S = 'SELECT 1 FROM l WHERE l.expires_on < %s'\n",
    ),
    (rules.compares_expiry, "orders/x.py", "", "S = \"WHERE coalesce(l.expires_on, '9999-12-31') >= %s\"\n"),
    (rules.compares_expiry, "orders/x.py", "S = f'WHERE {sql.EXPIRED}'\n", "S = 'WHERE %s > l.expires_on'\n"),
    (rules.compares_expiry, "orders/x.py", "S = 'a.min_expires_on = b.min_expires_on'\n", ""),
    (rules.compares_expiry, "orders/x.py", "", "if clock.today() >= expires_on: pass\n"),
    (rules.float_money, "orders/x.py", "half = amount_minor // 2\n", "half = amount_minor / 2\n"),
    (rules.float_money, "orders/x.py", "", "share = line.amount_minor * 0.5\n"),
    (rules.float_money, "orders/x.py", "", "shown = float(amount_minor)\n"),
    (rules.too_long, "orders/x.py", "def f():\n" + "    pass\n" * 59, "def f():\n" + "    pass\n" * 60),
    (rules.too_long, "orders/x.py", "x = 1\n" * 500, "x = 1\n" * 501),
    (rules.global_psycopg, "orders/x.py", "import psycopg2\n", "import psycopg\n"),
    (rules.global_psycopg, "orders/x.py", "", "from psycopg.rows import dict_row\n"),
]


@pytest.mark.parametrize(("rule", "name", "good", "bad"), SAMPLES)
def test_a_rule_finds_its_bad_sample_and_no_good_one(rule: Rule, name: str, good: str, bad: str) -> None:
    assert not list(rule(Source(name, good)))
    assert not bad or list(rule(Source(name, bad)))


@pytest.mark.parametrize(
    "rule", [rules.locks_outside, rules.broker_outside, rules.compares_expiry, rules.float_money]
)
def test_the_floors_keep_the_rule(rule: Rule) -> None:
    assert not [complaint for source in sources(*FLOORS) for complaint in rule(source)]


@pytest.mark.parametrize("rule", [rules.too_long, rules.global_psycopg])
def test_all_our_source_keeps_the_rule(rule: Rule) -> None:
    ours = [source for source in sources(*OURS) if not source.is_migration]
    assert not [complaint for source in ours for complaint in rule(source)]


def test_rules_are_pure() -> None:
    pure = [source for source in sources(*FLOORS) if "/rules/" in source.name]
    assert pure
    assert not [complaint for source in pure for complaint in rules.impure(source)]


def test_named_statements_that_lock_are_run_by_lock_sql() -> None:
    names = {
        name
        for source in sources(*FLOORS)
        if source.name.endswith("sql.py")
        for name in rules.locking_names(source)
    }
    assert "LOCK_ANCHORS" in names
    wrong = [
        (source.name, name) for source in sources(*FLOORS) for name in rules.unlocked_uses(source, names)
    ]
    assert not wrong, "statements with FOR … UPDATE go through core.db.lock_sql"


def test_no_drawers() -> None:
    assert rules.drawer("orders/utils.py")
    assert rules.drawer("core/helpers/x.py")
    assert not rules.drawer("orders/rules/splitting.py")
    assert not [source.name for source in sources(*OURS) if rules.drawer(source.name)]


def test_psycopg_3_is_not_installed() -> None:
    assert importlib.util.find_spec("psycopg") is None, (
        "Django silently prefers psycopg 3 when it can be imported"
    )


def test_the_floors_hold() -> None:
    program = ROOT / ".venv" / "bin" / "lint-imports"
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_the_linter_knows_every_rule_about_floors() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    assert 'layers = ["erp", "traceability", "orders", "o2o", "warehouse", "inventory", "core"]' in text


def test_every_task_has_a_clock_or_a_caller() -> None:
    """A task that nobody schedules and nobody asks for never runs, however well it is written and tested."""
    tasks = {
        f"{source.name.removesuffix('.py').replace('/', '.')}.{node.name}"
        for source in sources(*FLOORS)
        for node in walked(source.tree)
        if isinstance(node, ast.FunctionDef)
        and any("shared_task" in ast.unparse(mark) for mark in node.decorator_list)
    }
    asked = {job["task"] for job in settings.CELERY_BEAT_SCHEDULE.values()}
    text = "\n".join(source.text for source in sources(*FLOORS))
    assert tasks and not {name for name in tasks if name not in asked and f'"{name}"' not in text}
