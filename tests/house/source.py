"""Our own source, as text and as syntax trees, for the checks of this folder."""

import ast
from collections.abc import Iterator, Sequence
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
def walked(tree: ast.Module) -> tuple[ast.AST, ...]:
    """Every node of a file, in one order; the rules all ask for them."""
    return tuple(ast.walk(tree))


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Every Python file below these folders."""
    return tuple(
        Source(str(path.relative_to(ROOT)), path.read_text())
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    )


def calls(tree: ast.Module, name: str) -> Iterator[ast.Call]:
    """Every call of a function or method of this name."""
    for node in walked(tree):
        if isinstance(node, ast.Call) and called(node) == name:
            yield node


def called(call: ast.Call) -> str:
    """The last part of what is called: `db.lock_sql(…)` → "lock_sql"."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, module) of every import."""
    for node in walked(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""


def texts(tree: ast.AST) -> list[tuple[int, str]]:
    """(line, text) of every string that is not a docstring, f-strings with their holes left out."""
    return _texts_of_file(tree) if isinstance(tree, ast.Module) else _texts(tuple(ast.walk(tree)))


@cache
def _texts_of_file(tree: ast.Module) -> list[tuple[int, str]]:
    return _texts(walked(tree))


def _texts(nodes: Sequence[ast.AST]) -> list[tuple[int, str]]:
    docs = {id(doc) for node in nodes if (doc := _docstring(node)) is not None}
    inner = {id(value) for node in nodes if isinstance(node, ast.JoinedStr) for value in node.values}
    told = docs | inner
    found = []
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            parts = [v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
            found.append((node.lineno, "".join(parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            found.append((node.lineno, node.value))
    return found


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
