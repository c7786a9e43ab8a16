"""List pages: allowed sorts, a cursor over (sort column, id), filters in force.  One statement a page,
whatever its depth.

A page is read from where the cursor points, never by offset: page 400 costs what page 1 costs, and rows
that come or go meanwhile
neither repeat nor vanish.  Ids say nothing about time, so "newest" sorts by its own column and the id only
breaks ties.
"""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Field, Model, OrderBy, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django_filters import FilterSet

from core.errors import Invalid
from core.web.parts import FilterTag

PAGE_SIZE = 50
_PAGING = ("after", "before")
R = TypeVar("R")
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort that a list allows.  `column` is a field path with an index (tenant_id, column, id); with
    `is_nullable` unknowns go last.
    """

    column: str
    is_descending: bool = False  # its first click
    is_nullable: bool = False


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place between two rows: the sort value and the id of the row beside it."""

    value: Any
    id: int


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """One page of a list.  `next` and `previous` are query strings or empty; `total` is None when nobody
    counted.
    """

    rows: Sequence[R]
    next: str
    previous: str
    sort: str
    total: int | None = None
    first_ways: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_first(self) -> bool:
        return not self.previous


def encode(cursor: Cursor) -> str:
    """A cursor as it stands in an address."""
    value = cursor.value.isoformat() if isinstance(cursor.value, date) else cursor.value
    return base64.urlsafe_b64encode(json.dumps([value, cursor.id]).encode()).decode().rstrip("=")


def decode(text: str) -> Cursor:
    """The cursor of an address.  Raises Invalid for anything that `encode` did not make; it opens no row by
    itself.
    """
    try:
        if len(text) > 600:
            raise ValueError("longer than any cursor of ours")
        value, row_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise TypeError("no sort value")
        if (isinstance(value, int) and abs(value) >= 1 << 63) or (
            isinstance(value, str) and not _is_text(value)
        ):
            raise ValueError("no column holds this")
        if isinstance(row_id, bool) or not isinstance(row_id, int) or not 0 <= row_id < 1 << 53:
            raise TypeError("no id")
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor") from None
    return Cursor(value, row_id)


def _is_text(value: str) -> bool:
    """JSON can spell NUL and half a surrogate pair; PostgreSQL has no text with either."""
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def read_instant(value: object) -> datetime | None:
    """The instant that a cursor names, in UTC, where every one that is read has a place in the calendar.

    None for anything else: a text that is no instant, one without a zone, one beyond the calendar's ends.
    """
    try:
        at = parse_datetime(str(value))
        return None if at is None or at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _field(model: type[Model], path: str) -> "Field[Any, Any]":
    first, _dot, rest = path.partition("__")
    field = model._meta.get_field(first)
    return _field(field.related_model, rest) if rest else field  # type: ignore[arg-type,return-value]


def _typed(model: type[Model], column: str, value: object) -> object:
    """The value as the column's type.  Raises Invalid for a value of another sort's column."""
    if value is None:
        return None
    field = _field(model, column)
    read = {"DateTimeField": read_instant, "DateField": parse_date}.get(field.get_internal_type())
    try:
        typed = read(str(value)) if read else field.to_python(value)
    except (TypeError, ValueError, ValidationError):
        typed = None
    if typed is None:
        raise Invalid(_("这一页的地址不对。从第一页开始看。"), code="bad_cursor")
    return typed


def _beyond(sort: Sort, cursor: Cursor, *, is_up: bool) -> Q:
    """The rows on the far side of the cursor, in a form that an index on (column, id) can start from."""
    way, column = "gt" if is_up else "lt", sort.column
    if (
        cursor.value is None
    ):  # unknowns lie last: beyond one are only others, before it also all that is known
        ties = Q(**{f"{column}__isnull": True, f"id__{way}": cursor.id})
        return ties if is_up != sort.is_descending else ties | Q(**{f"{column}__isnull": False})
    known = Q(**{f"{column}__{way}e": cursor.value}) & (
        Q(**{f"{column}__{way}": cursor.value}) | Q(**{f"id__{way}": cursor.id})
    )
    towards_unknown = is_up != sort.is_descending
    return known | Q(**{f"{column}__isnull": True}) if sort.is_nullable and towards_unknown else known


def _ordering(sort: Sort, *, is_up: bool) -> list[OrderBy]:
    if not sort.is_nullable:
        return [OrderBy(F(sort.column), descending=not is_up), OrderBy(F("id"), descending=not is_up)]
    is_forward = is_up != sort.is_descending
    nulls = {"nulls_last": True} if is_forward else {"nulls_first": True}
    return [OrderBy(F(sort.column), descending=not is_up, **nulls), OrderBy(F("id"), descending=not is_up)]


def _value(row: object, path: str) -> object:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def list_page(
    request: HttpRequest,
    queryset: QuerySet[M],
    *,
    sorts: Mapping[str, Sort],
    default: str,
    size: int = PAGE_SIZE,
    total: int | None = None,
) -> Page[M]:
    """The page of `queryset` that the request asks for by ?sort=, ?after=, ?before=: one statement, size +
    1 rows.

    `sort` is one of `sorts`, with "-" for the way down; anything else is the default.  `total` is what the
    caller counted, if it did.
    Raises Invalid for a cursor that is not one.
    """
    asked = request.GET.get("sort", "")
    name = asked if asked.lstrip("-") in sorts and asked.count("-") <= 1 else default
    spec = sorts[name.lstrip("-")]
    sort = Sort(spec.column, name.startswith("-"), spec.is_nullable)
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    is_back = bool(before)
    is_up = sort.is_descending if is_back else not sort.is_descending
    found = queryset.order_by(*_ordering(sort, is_up=is_up))
    if before or after:
        cursor = decode(before or after)
        cursor = Cursor(_typed(queryset.model, sort.column, cursor.value), cursor.id)
        found = found.filter(_beyond(sort, cursor, is_up=is_up))
    rows = list(found[: size + 1])
    has_more = len(rows) > size
    rows = rows[:size][::-1] if is_back else rows[:size]
    return Page(
        rows=rows,
        next=_step(request, "after", rows[-1:], sort) if (is_back or has_more) else "",
        previous=_step(request, "before", rows[:1], sort) if (has_more if is_back else after) else "",
        sort=name,
        total=total,
        first_ways={key: f"-{key}" if one.is_descending else key for key, one in sorts.items()},
    )


def _step(request: HttpRequest, name: str, edge: Sequence[Any], sort: Sort) -> str:
    if not edge:
        return ""
    query = request.GET.copy()
    for old in _PAGING:
        query.pop(old, None)
    query[name] = encode(Cursor(_value(edge[0], sort.column), edge[0].id))
    return f"?{query.urlencode()}"


def filter_tags(request: HttpRequest, filters: FilterSet) -> list[FilterTag]:
    """The filters in force, each with the address of the list without it."""
    tags = []
    data = filters.form.cleaned_data if filters.is_valid() else {}
    for name, value in data.items():
        if value in (None, "", []):
            continue
        query = request.GET.copy()
        for old in (name, *_PAGING):
            query.pop(old, None)
        tags.append(
            FilterTag(f"{filters.form[name].label}：{_shown(filters, name, value)}", f"?{query.urlencode()}")
        )
    return tags


def _shown(filters: FilterSet, name: str, value: object) -> str:
    choices = dict(getattr(filters.form.fields[name], "choices", ()) or ())
    values = value if isinstance(value, list | tuple) else [value]
    return "、".join(str(choices.get(one, one)) for one in values)
