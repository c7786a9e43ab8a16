"""The house's rules as functions: a source in, complaints out.  The tests run them over our files and over samples."""

import ast
import re
import sys
from collections.abc import Iterator

from tests.house.source import FLOORS, Source, called, calls, imports, names_in, texts, walked

MOST_LINES = 500
MOST_FUNCTION_LINES = 60
DRAWERS = {"utils", "util", "helpers", "helper", "common", "managers", "selectors", "repositories", "misc"}
CLOCKS = {"now", "today", "utcnow", "time", "monotonic", "localtime"}
LOCKS = re.compile(  # an upsert that updates nothing is there for its lock
    r"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE\b|\bFOR\s+(?:KEY\s+)?SHARE\b|\bDO\s+UPDATE\s+SET\s[^;]*\sWHERE\s+false\b",
    re.IGNORECASE,
)
LOCKING_PARENTS = {"lock_sql"}
EXPIRY_NAMES = re.compile(r"^(?:\w*_)?(?:expires_on|expiry|expires|best_before)$")
EXPIRY_LOOKUP = re.compile(r"(?:^|_)expires_on__(?:lt|lte|gt|gte|range)$")
_SQL_EXPIRY = r"\b(?:min_)?expires_on\b(?:\s*,\s*'9999-12-31'\s*\))?(?:::\w+)?"
EXPIRY_SQL = re.compile(
    rf"{_SQL_EXPIRY}\s*(?:<(?!>)=?|>=?|\bBETWEEN\b)|(?:(?<!<)>=?|<=?)\s*(?:coalesce\()?(?:\w+\.)?{_SQL_EXPIRY}",
    re.IGNORECASE,
)
ORDERING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
MAY_COMPARE_EXPIRY = {
    "inventory/rules/expiry.py": "says what the words mean",
    "inventory/sellable.py": "reads what sells",
    "inventory/sql.py": "reads what sells, in one text for pages and proofs",
    "inventory/rules/promise.py": "the promise law: expiry dates against the minimum expiries of demands",
    "inventory/rules/lot_order.py": "the same law, for one choice of a lot",
    "inventory/invariants.py": "proves the promise law in SQL, apart from the rule",
    "inventory/models/goods.py": "a constraint: nothing expires before it was made",
    "inventory/forms/receipts.py": "a typing error: expires before it was made",
}
TODAY_NAMES = re.compile(r"^(?:today|now|now_date|current_date)$")


def impure(source: Source) -> Iterator[str]:
    """Rules: the standard library and rules, their own or of a floor below; no clock, no chance, no outside world."""
    own = source.name.split("/", maxsplit=1)[0]
    for line, module in imports(source.tree):
        root = module.split(".")[0]
        is_rule = module.split(".")[1:2] == ["rules"] and root in FLOORS[: FLOORS.index(own) + 1]
        if not is_rule and (root not in sys.stdlib_module_names or root in OUTSIDE):
            yield f"{source.name}:{line}: a rule imports {module}"
    for node in walked(source.tree):
        if isinstance(node, ast.Call) and called(node) in CLOCKS and isinstance(node.func, ast.Attribute):
            yield f"{source.name}:{node.lineno}: a rule asks the clock: {ast.unparse(node)}"


OUTSIDE = {
    "asyncio", "http", "io", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket", "sqlite3",
    "subprocess", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip


def locks_outside(source: Source) -> Iterator[str]:
    """Row locks are spelled in core/db.py; a statement with its own FOR UPDATE goes through lock_sql."""
    if source.name == "core/db.py":
        return
    for call in calls(source.tree, "select_for_update"):
        yield f"{source.name}:{call.lineno}: select_for_update; use core.db.lock"
    constants = _constants(source.tree)
    locking = {name for name, text in constants.items() if LOCKS.search(text)}
    if source.name.endswith("sql.py"):
        return  # named statements; where they are used is checked by `locking_statements_used_elsewhere`
    for line, text in texts(source.tree):
        if LOCKS.search(text) and not any(
            text == constants[name] for name in locking if _is_locked(source, name)
        ):
            yield f"{source.name}:{line}: a lock spelled in SQL; use core.db.lock or lock_sql"


def _constants(tree: ast.Module) -> dict[str, str]:
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = "".join(text for _line, text in texts(node.value))
    return found


def _is_locked(source: Source, name: str) -> bool:
    return name not in unlocked_uses(source, {name})


def unlocked_uses(source: Source, names: set[str]) -> set[str]:
    """Names of locking statements that this source uses other than as the statement of `lock_sql`."""
    allowed = {
        id(part)
        for parent in LOCKING_PARENTS
        for call in calls(source.tree, parent)
        if len(call.args) > 1
        for part in ast.walk(call.args[1])
    }
    return {
        name
        for node in walked(source.tree)
        if (name := node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")) in names
        and isinstance(getattr(node, "ctx", None), ast.Load)
        and id(node) not in allowed
    }


def locking_names(source: Source) -> set[str]:
    """Names of the statements of a `sql.py` that lock."""
    return {name for name, text in _constants(source.tree).items() if LOCKS.search(text)}


def broker_outside(source: Source) -> Iterator[str]:
    """Only core/outbox.py hands work to the broker."""
    if source.name == "core/outbox.py":
        return
    for name in ("delay", "apply_async", "send_task"):
        for call in calls(source.tree, name):
            yield f"{source.name}:{call.lineno}: .{name}(); use core.outbox"


def compares_expiry(source: Source) -> Iterator[str]:
    """Which expiry date is early enough is said in inventory/rules/expiry.py and asked in inventory/sellable.py and inventory/sql.py;
    elsewhere no expiry date is compared with another day, neither in Python nor in a filter nor in SQL.
    """
    if source.name in MAY_COMPARE_EXPIRY:
        return
    for node in walked(source.tree):
        if isinstance(node, ast.Compare):
            names = {name for side in (node.left, *node.comparators) for name in names_in(side)}
            orders = any(isinstance(op, ORDERING) for op in node.ops)
            meets_today = any(TODAY_NAMES.search(name) for name in names)
            if (orders or meets_today) and any(EXPIRY_NAMES.search(name) for name in names):
                yield f"{source.name}:{node.lineno}: compares an expiry date: {ast.unparse(node)}"
        elif isinstance(node, ast.keyword) and node.arg and EXPIRY_LOOKUP.search(node.arg):
            yield f"{source.name}:{node.lineno}: filters by an expiry date: {node.arg}"
    for line, text in texts(source.tree):
        if found := EXPIRY_SQL.search(text):
            yield f"{source.name}:{line}: compares an expiry date in SQL: {found[0]}"


def float_money(source: Source) -> Iterator[str]:
    """Minor units are whole: no true division, no float() of them, no float beside them."""
    for node in walked(source.tree):
        if isinstance(node, ast.BinOp):
            parts = [node.left, node.right]
            money = any(name.endswith("_minor") for part in parts for name in names_in(part))
            if money and isinstance(node.op, ast.Div):
                yield f"{source.name}:{node.lineno}: divides money: {ast.unparse(node)}"
            elif money and any(isinstance(p, ast.Constant) and isinstance(p.value, float) for p in parts):
                yield f"{source.name}:{node.lineno}: a float beside money: {ast.unparse(node)}"
    for call in (*calls(source.tree, "float"), *calls(source.tree, "round")):
        if any(name.endswith("_minor") for argument in call.args for name in names_in(argument)):
            yield f"{source.name}:{call.lineno}: a float of money: {ast.unparse(call)}"


def too_long(source: Source) -> Iterator[str]:
    """Files under 500 lines, functions under 60."""
    lines = source.text.count("\n")
    if lines > MOST_LINES:
        yield f"{source.name}: {lines} lines"
    for node in walked(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MOST_FUNCTION_LINES:
                yield f"{source.name}:{node.lineno}: {node.name} has {length} lines"


def drawer(name: str) -> bool:
    """Whether a path names a drawer for everything."""
    parts = name.removesuffix(".py").split("/")
    return any(part in DRAWERS for part in parts)


def global_psycopg(source: Source) -> Iterator[str]:
    """psycopg 3 is never imported: Django would silently prefer it."""
    for line, module in imports(source.tree):
        if module.split(".")[0] == "psycopg":
            yield f"{source.name}:{line}: imports psycopg 3"


INLINE = re.compile(
    r"""<[a-z][^>]*?\s(?:style\s*=|on[a-z]+\s*=)|<script(?![^>]*\bsrc=)(?![^>]*type="application/json")[^>]*>|<style""",
    re.IGNORECASE | re.DOTALL,
)
_TEMPLATE_TAG = re.compile(r"\{[%#{].*?[%#}]\}", re.DOTALL)


def inline_code(text: str) -> list[str]:
    """What the strict CSP would refuse: style=, on…=, script and style elements with their own text."""
    plain = _TEMPLATE_TAG.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    return [
        f"line {plain.count(chr(10), 0, match.start()) + 1}: {match[0][:60]}"
        for match in INLINE.finditer(plain)
    ]
