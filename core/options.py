"""Typed tenant settings.  Each floor declares its own; one read per transaction serves them all."""

import json
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.utils.translation import gettext as _

from core import db
from core.errors import Invalid
from core.models import OptionValue
from core.tenancy import current_scope

T = TypeVar("T", bool, int, str, list[Any], dict[str, Any])
_MEMO = "options"


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One setting: its stable name, its default (whose type it must keep) and its label in Chinese."""

    name: str
    default: T
    label: str


_declared: dict[str, Option[Any]] = {}


def declare(name: str, default: T, label: str) -> Option[T]:
    """Register a setting; called once, at import, by the floor that reads it."""
    if name in _declared:
        raise ValueError(f"option {name} declared twice")
    option = Option(name, default, label)
    _declared[name] = option
    return option


def declared() -> dict[str, Option[Any]]:
    return dict(_declared)


def know(values: dict[str, Any]) -> None:
    """What the statement that opened a page has read already."""
    current_scope().memo[_MEMO] = values


def is_known() -> bool:
    """Whether this transaction has read the tenant's settings already."""
    return _MEMO in current_scope().memo


def get(option: Option[T]) -> T:
    """The tenant's value, or the default; the caller's own copy, so that a list changed here is not everybody's list."""
    return cast(T, deepcopy(_values().get(option.name, option.default)))


def put(option: Option[T], value: T) -> None:
    """Store the tenant's value.  Raises Invalid when its type is not the declared one."""
    if type(value) is not type(option.default):
        raise Invalid(
            _("设置“%(label)s”的值类型不对。") % {"label": option.label},
            code="option_type",
            option=option.name,
        )
    scope = current_scope()
    db.execute(
        f"INSERT INTO {OptionValue._meta.db_table} (tenant_id, id, name, value) VALUES (%s, %s, %s, %s::jsonb)"
        " ON CONFLICT (tenant_id, name) DO UPDATE SET value = excluded.value, changed_at = clock_timestamp()",
        scope.tenant_id,
        db.new_id(),
        option.name,
        json.dumps(value),
    )
    scope.memo.pop(_MEMO, None)


def _values() -> dict[str, Any]:
    scope = current_scope()
    if _MEMO not in scope.memo:
        found = db.rows(
            f"SELECT name, value FROM {OptionValue._meta.db_table} WHERE tenant_id = %s", scope.tenant_id
        )
        scope.memo[_MEMO] = {
            name: json.loads(value) if isinstance(value, str) else value for name, value in found
        }
    return cast(dict[str, Any], scope.memo[_MEMO])
