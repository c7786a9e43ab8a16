"""One request, one tenant, one transaction."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from core.api.authentication import tenant_of_key
from core.api.errors import Busy
from core.api.fields import MAX_ID
from core.api.problems import WAITED_TOO_LONG, not_storable
from core.api.uploads import receiving
from core.errors import ERPError, Invalid, NotFound
from core.tenancy import tenant
from core.web.opening import open_page
from core.web.refusals import refuse

API_PREFIX = "/api/"
LONGEST_NUMBER = 4_300  # digits; Python refuses to read a longer one
CSP_UPDATE = "_csp_update"  # where django-csp looks for what one response adds


def public(view: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a view that needs no tenant (sign-in, health).  Everything else is closed to strangers by default."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def ahead(
    work: Callable[[HttpRequest, int, Any], None],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: `work(request, tenant_id, arguments)` runs before the view's transaction, with none open, to ask another machine.

    It opens short scopes of its own, keeps what it heard on the request and refuses nothing: the view looks again.
    """

    def mark(view: Callable[..., Any]) -> Callable[..., Any]:
        view.ahead = work  # type: ignore[attr-defined]
        return view

    return mark


class TenantMiddleware:
    """Runs the view, and the rendering of its answer, inside the tenant's transaction.  An error rolls all of it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.tenant = request.membership = None  # type: ignore[attr-defined]
        response = self.get_response(request)
        if settings.ERP_EVENTS_PORT:
            host = request.get_host().rsplit(":", 1)[0]
            events = f"{request.scheme}://{host}:{settings.ERP_EVENTS_PORT}"
            setattr(response, CSP_UPDATE, {"connect-src": ["'self'", events]})
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: list[Any],
        kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if getattr(view, "is_public", False):
            return None
        if request.path.startswith(API_PREFIX):
            return _api(request, view, args, kwargs)
        return _web(request, view, args, kwargs)


def _api(
    request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
) -> HttpResponseBase | None:
    tenant_id = tenant_of_key(request.headers.get("Authorization", ""))
    if tenant_id is None:
        return None  # DRF answers 401 itself: the view needs no scope to refuse
    with receiving(request, view, tenant_id):
        return _api_in_scope(request, view, args, kwargs, tenant_id)


def _api_in_scope(
    request: HttpRequest,
    view: Callable[..., HttpResponseBase],
    args: list[Any],
    kwargs: dict[str, Any],
    tenant_id: int,
) -> HttpResponseBase:
    view_class = getattr(view, "cls", None)
    if request.method == "POST" and view_class is not None and hasattr(view_class, "ahead"):
        with suppress(ERPError, APIException, RequestDataTooBig, UnreadablePostError):
            view_class.ahead(request, tenant_id)
    with tenant(tenant_id):
        structlog.contextvars.bind_contextvars(tenant_id=tenant_id)
        return _answer(request, view, args, kwargs)


def _web(
    request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
) -> HttpResponseBase:
    if not request.user.is_authenticated:
        if request.headers.get("HX-Request"):
            answer = HttpResponse(status=204)
            answer["HX-Redirect"] = reverse(settings.LOGIN_URL)
            return answer
        return redirect_to_login(request.get_full_path())
    tenant_id = request.session.get("tenant_id")
    if tenant_id is None:
        return redirect(to_choose(request.get_full_path() if request.method == "GET" else ""))
    try:
        if any(isinstance(value, int) and value > MAX_ID for value in kwargs.values()):
            raise NotFound(_("没有这个地址，或不属于这个商家。"))
        if (work := getattr(view, "ahead", None)) is not None:
            work(request, tenant_id, kwargs)
        with tenant(tenant_id):
            structlog.contextvars.bind_contextvars(tenant_id=tenant_id)
            opened = open_page(request.user.pk)
            if opened is None:
                del request.session["tenant_id"]
                return redirect(to_choose(request.get_full_path() if request.method == "GET" else ""))
            request.tenant, request.membership = opened  # type: ignore[attr-defined]
            with timezone.override(request.tenant.timezone):  # type: ignore[attr-defined]
                return _answer(request, view, args, kwargs)
    except (ERPError, OperationalError, DataError, ValueError) as error:
        refusal = _refusal_of(request, error)
        if refusal is None:
            raise
        answer = refuse(request, refusal)
        if isinstance(refusal, Busy):
            answer["Retry-After"] = str(refusal.retry_after_s)
        return answer


def _refusal_of(request: HttpRequest, error: Exception) -> ERPError | None:
    """What a person is told of an error that left the view, outside the transaction that it undid; None for a defect of ours."""
    if isinstance(error, ERPError):
        return error
    if isinstance(error, OperationalError):
        if getattr(error.__cause__, "pgcode", None) not in WAITED_TOO_LONG:
            return None
        return Busy(_("同一批数据正在被别人改，请稍后原样重试。什么都没有写入。"))
    if isinstance(error, DataError):
        return not_storable(error)
    return _unreadable(request)


def _unreadable(request: HttpRequest) -> Invalid | None:
    """The refusal of what no driver sends and no number reads: text with a NUL, thousands of digits.  None when neither was asked."""
    for values in (request.GET, request.POST):
        for _name, texts in values.lists():
            if any("\0" in str(text) or len(str(text)) > LONGEST_NUMBER for text in texts):
                return Invalid(
                    _("有个数太大，或者文字里有不能保存的字符。改一下再提交，什么都没有写入。"),
                    code="value_not_storable",
                )
    return None


def to_choose(wanted: str) -> str:
    """The choice of merchant, which remembers the page that a person wanted."""
    here = reverse("core:choose_tenant")
    return f"{here}?{urlencode({'next': wanted})}" if wanted not in ("", "/") else here


def _answer(
    request: HttpRequest, view: Callable[..., HttpResponseBase], args: list[Any], kwargs: dict[str, Any]
) -> HttpResponseBase:
    response = view(request, *args, **kwargs)
    render_now = getattr(response, "render", None)
    if callable(render_now) and not response.is_rendered:  # type: ignore[attr-defined]
        response = render_now()
    return response
