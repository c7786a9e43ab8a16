"""What every endpoint is made of: one key, one tenant, one transaction, one answer."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from django.core.exceptions import RequestDataTooBig
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.api import idempotency, pagination, problems
from core.api.authentication import caller
from core.api.errors import Malformed, TooLarge
from core.api.fields import MAX_ID
from core.api.pagination import BY_ID, Sort
from core.api.schema import CatfishSchema
from core.errors import ERPError, Invalid, NotFound

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Replayed(ERPError):
    """Not a refusal: the way out of a request whose answer is already stored."""

    def __init__(self, stored: idempotency.Stored) -> None:
        super().__init__("replayed")
        self.stored = stored


class ApiView(GenericAPIView[Any]):
    """Base of all endpoints.  Names its `scope_area`; POST, PUT, PATCH and DELETE are idempotent by their Idempotency-Key."""

    schema = CatfishSchema()
    scope_area: ClassVar[str]
    scope_action: ClassVar[str] = ""  # of a scope of its own; else read or write, by the method
    row_class: ClassVar[type[BaseSerializer[Any]]]  # a row that GET gives
    answer_class: ClassVar[type[BaseSerializer[Any]] | None] = None  # what a command answers
    answers: ClassVar[Sequence[HTTPStatus]] = (HTTPStatus.OK,)  # of a command that was done
    refusals: ClassVar[Sequence[HTTPStatus]] = ()  # of a command, beside those that every one has
    parameters: ClassVar[Sequence[OpenApiParameter]] = ()  # of a command, beside its body
    examples: ClassVar[Sequence[OpenApiExample]] = ()  # of a command
    needs_idempotency_key: ClassVar[bool] = False  # endpoints that make many rows at once
    seals_answer: ClassVar[bool] = (
        False  # the answer kept for a repeated request holds what is nowhere kept in clear
    )
    claim: idempotency.Claim | None = None

    @classmethod
    def ahead(cls, request: HttpRequest, tenant_id: int) -> None:
        """What must be asked of other machines, before the transaction and with none open.  A refusal here is swallowed: the handler,
        which looks again, says it.
        """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """After key and scope are proved, and before the handler: bound the ids of the address and claim the key."""
        super().initial(request, *args, **kwargs)
        if any(isinstance(value, int) and value > MAX_ID for value in kwargs.values()):
            raise NotFound(_("没有这个地址，或不属于这个商家。"))
        if request.method not in SAFE and hasattr(self, str(request.method).lower()):
            self._claim(request)

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, Replayed):
            body, status = exc.stored.body, exc.stored.status
            kind = problems.CONTENT_TYPE if status >= HTTPStatus.BAD_REQUEST else "application/json"
            replay = HttpResponse(body, status=status, content_type=kind)
            replay[idempotency.REPLAYED] = "true"
            return replay
        self.claim = None
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        if self.claim is not None and isinstance(final, Response):
            final.render()
            text = final.content.decode()
            idempotency.store(self.claim, final.status_code, text, is_sealed=self.seals_answer)
        return final

    def body(self, request: Request) -> Any:
        """The validated body, by the view's `serializer_class`.  Raises ValidationError, which names every place."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _claim(self, request: Request) -> None:
        try:
            data = request._request.body  # noqa: SLF001  DRF's proxy would read the stream a second time
        except RequestDataTooBig:
            raise TooLarge(_("请求太大，请分批。")) from None
        except (UnreadablePostError, RawPostDataException):  # the second: it broke off when it was read ahead
            raise Malformed(_("请求没有收完。")) from None
        self._take_key(request, data)

    def _take_key(self, request: Request, data: bytes) -> None:
        key = idempotency.key_of(request)
        if key is None:
            if self.needs_idempotency_key:
                text = _("这个请求要带 %(header)s，同一批重发用同一个值。") % {"header": idempotency.HEADER}
                raise Malformed(text, code="idempotency_key_required")
            return
        asked = idempotency.hash_of(str(request.method), request.get_full_path(), data)
        found = idempotency.claim(caller(request).key_id, key, asked)
        if isinstance(found, idempotency.Stored):
            raise Replayed(found)
        self.claim = found


class ListView(ApiView):
    """GET: a page of `queryset`.  A parameter that is neither a filter nor about paging is refused: a typo must not list everything."""

    sorts: ClassVar[Mapping[str, Sort]] = BY_ID

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A page of rows, in the order of `sort`."""
        filterset = getattr(self, "filterset_class", None)
        refuse_unknown(request, filterset.base_filters if filterset else ())
        rows: Sequence[Any] = self.paginate_queryset(self.filter_queryset(self.get_queryset())) or ()
        self.fill(rows)
        return self.get_paginated_response(self.row_class(rows, many=True).data)

    def fill(self, rows: Sequence[Any]) -> None:
        """Fetch the parts of a whole page in a constant number of statements."""


class RetrieveView(ApiView):
    """GET: one row of `queryset` by the `pk` of the address.  Missing and foreign look the same."""

    def get(self, request: Request, pk: int) -> Response:
        """One row."""
        row = get_row(self.get_queryset(), pk)
        self.fill([row])
        return Response(self.row_class(row).data)

    def fill(self, rows: Sequence[Any]) -> None:
        """As in the list of the same rows."""


class CommandView(ApiView):
    """POST: one service call.  The subclass validates with `body`, calls, and answers with what was done."""


def get_row(queryset: QuerySet[Any], pk: int) -> Model:
    """The row with this id.  Raises NotFound."""
    row: Model | None = queryset.filter(pk=pk).first()
    if row is None:
        raise NotFound(_("没有这个地址，或不属于这个商家。"), id=pk)
    return row


def refuse_unknown(request: Request, filters: Iterable[str] = ()) -> None:
    """Raises Invalid for a parameter that is neither a filter nor about paging."""
    known = pagination.PARAMETERS | set(filters)
    if unknown := sorted(set(request.query_params) - known):
        text = _("没有这个参数：%(names)s") % {"names": ", ".join(unknown)[:200]}
        raise Invalid(text, code="unknown_parameter", known=sorted(known))
