"""Our own source, as text and as syntax trees, for the checks of this folder."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("core", "inventory", "warehouse", "o2o", "orders", "traceability", "erp")
OURS = (*FLOORS, "script", "tests", "bench")


@dataclass(frozen=True)
class Source:
    """One file.  `name` is its path from the root; checks take it, so that samples can say where they would lie."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        return parse(self.text)

    @property
    def is_migration(self) -> bool:
        return "/migrations/" in self.name


@cache
def parse(text: str) -> ast.Module:
    return ast.parse(text)


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders."""
    return tuple(
        Source(str(path.relative_to(ROOT)), path.read_text())
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """Every call of a function or method of this name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) == name:
            yield node


def called(call: ast.Call) -> str:
    """The last part of what is called: `db.lock_sql(…)` → "lock_sql"."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, module) of every import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def texts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of every string that is not a docstring, f-strings with their holes left out."""
    docs = {id(doc) for node in ast.walk(tree) if (doc := _docstring(node)) is not None}
    inner = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
            yield node.lineno, "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | inner:
            yield node.lineno, node.value


def _docstring(node: ast.AST) -> ast.Constant | None:
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    if isinstance(node, kinds) and node.body and isinstance(node.body[0], ast.Expr):
        value = node.body[0].value
        return value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
    return None


def names_in(node: ast.AST) -> set[str]:
    """Every name and attribute below a node."""
    return {
        found.id if isinstance(found, ast.Name) else found.attr
        for found in ast.walk(node)
        if isinstance(found, ast.Name | ast.Attribute)
    }
