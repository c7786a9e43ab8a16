"""Lists by cursor: page 400 costs what page 1 costs, and rows that come or go meanwhile neither repeat nor vanish.

The cursor is signed and opaque; it holds the sort, the value of its column and the id of the last row.  Ids say nothing about time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.errors import Malformed
from core.errors import Invalid

DEFAULT_LIMIT = 100
MAX_LIMIT = 500
PARAMETERS = frozenset({"limit", "cursor", "sort"})
SALT = "core.api.cursor"


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort that a list offers: a column without NULLs that an index serves, together with the filters in `needs`.

    The first sort whose filters are given is the default; `unless` names filters under which another one must be used.
    """

    column: str
    is_descending: bool = False
    needs: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def serves(self, given: frozenset[str]) -> bool:
        return given.issuperset(self.needs) and given.isdisjoint(self.unless)


BY_ID: Mapping[str, Sort] = {"id": Sort("id")}


class IdCursor(BasePagination):
    """`limit` (1 to 500), `sort` (one of the view's `sorts`), `cursor` (the `next` of the page before).  One statement a page."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit = limit_of(request)
        name, sort = _sort(request, view.sorts)
        if cursor := request.query_params.get("cursor"):
            value, row_id = _opened(cursor, self._salt(view), name, sort, queryset.model)
            queryset = queryset.filter(_beyond(sort, value, row_id))
        way = "-" if sort.is_descending else ""
        order = [f"{way}{sort.column}"] if sort.column == "id" else [f"{way}{sort.column}", f"{way}id"]
        rows = list(queryset.order_by(*order)[: limit + 1])
        self.next = self._sealed(view, name, sort, rows[limit - 1]) if len(rows) > limit else None
        return rows[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next": self.next})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": schema.get("items", schema)},
                "next": {
                    "type": "string",
                    "nullable": True,
                    "description": "`cursor` of the next page; null on the last one.",
                },
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        sorts: Mapping[str, Sort] = view.sorts
        hints = [
            f"`{name}`{' (needs ' + ', '.join(sort.needs) + ')' if sort.needs else ''}"
            for name, sort in sorts.items()
        ]
        return [
            _parameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
                "Rows a page.",
            ),
            _parameter(
                "cursor", {"type": "string"}, "`next` of the page before; filters and sort stay the same."
            ),
            _parameter(
                "sort",
                {"type": "string", "enum": list(sorts)},
                f"One of {', '.join(hints)}. The first one that the filters allow is the default.",
            ),
        ]

    def _salt(self, view: Any) -> str:
        return f"{SALT}:{type(view).__module__}.{type(view).__qualname__}"

    def _sealed(self, view: Any, name: str, sort: Sort, row: Model) -> str:
        value = getattr(row, sort.column)
        text = value.isoformat() if isinstance(value, date) else value
        return signing.dumps([name, text, row.pk], salt=self._salt(view))


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def limit_of(request: Request) -> int:
    """Rows a page, as asked for.  Raises Invalid."""
    text = request.query_params.get("limit")
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT):
        raise Invalid(
            _("limit 要在 1 到 %(most)d 之间。") % {"most": MAX_LIMIT}, code="bad_limit", limit=text[:20]
        )
    return int(text)


def _sort(request: Request, sorts: Mapping[str, Sort]) -> tuple[str, Sort]:
    given = frozenset(name for name, value in request.query_params.items() if value)
    usable = {name: sort for name, sort in sorts.items() if sort.serves(given)}
    asked = request.query_params.get("sort")
    if not asked:
        return next(iter(usable.items()))
    if asked not in usable:
        raise Invalid(
            _("这里可以按这些排序：%(sorts)s") % {"sorts": ", ".join(usable)},
            code="bad_sort",
            sorts=sorted(usable),
        )
    return asked, usable[asked]


def _opened(cursor: str, salt: str, name: str, sort: Sort, model: type[Model]) -> tuple[Any, int]:
    try:
        sealed_name, text, row_id = signing.loads(cursor, salt=salt)
        if sealed_name != name:
            raise ValueError("the cursor of another sort")
        field = model._meta.get_field(sort.column)
        return field.to_python(text), row_id  # type: ignore[union-attr]
    except (signing.BadSignature, ValueError, ValidationError):
        raise bad_cursor() from None


def bad_cursor() -> Malformed:
    """The refusal of a cursor that we did not make, or made for another list."""
    return Malformed(_("cursor 不对。从第一页开始，筛选和排序不变。"), code="bad_cursor")


def _beyond(sort: Sort, value: Any, row_id: int) -> Q:
    """The rows after the cursor, in a form that an index on (column, id) can start from."""
    way = "lt" if sort.is_descending else "gt"
    if sort.column == "id":
        return Q(**{f"id__{way}": row_id})
    return Q(**{f"{sort.column}__{way}e": value}) & (
        Q(**{f"{sort.column}__{way}": value}) | Q(**{f"id__{way}": row_id})
    )


def page_ids(rows: Sequence[Model]) -> list[int]:
    """The ids of one page, for the one statement that fetches its parts."""
    return [int(row.pk) for row in rows]
