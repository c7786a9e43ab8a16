"""One look for every refusal: what is still true, what to do, one button.  For htmx a toast, and the page
stays as it was.
"""

from dataclasses import dataclass
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core.errors import ERPError
from core.web.parts import Toast
from core.web.toasts import toast_event


@dataclass(frozen=True, slots=True)
class Refusal:
    """What an error page says."""

    status: int
    icon: str
    title: str
    text: str
    button: str = ""
    url: str = "/"


def _words(status: int) -> Refusal:
    home = _("回首页")
    known = {
        400: Refusal(400, "alert-triangle", _("这个地址看不懂"), _("地址或表单缺了什么。数据没动。"), home),
        403: Refusal(403, "lock", _("您的角色看不了这一页"), _("要看的话，找老板改您的角色。"), home),
        404: Refusal(404, "map-off", _("没有这一页"), _("可能已经改了地址，或者不是您商家的。"), home),
        409: Refusal(409, "refresh", _("刚被改过"), _("您打开以后有人改了它。看一眼新的再做。"), home),
        429: Refusal(429, "clock-pause", _("点得太快了"), _("一分钟后再试。数据没动。"), home),
        500: Refusal(
            500,
            "plug-connected-x",
            _("这一步没做成"),
            _("出错的是我们，已经记下来了。数据没有做到一半。"),
            home,
        ),
    }
    return known.get(status, known[400 if status < 500 else 500])


def _page(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    if request.path.startswith("/api/"):
        body = {
            "type": "about:blank",
            "title": refusal.title,
            "status": refusal.status,
            "detail": refusal.text,
        }
        return JsonResponse(body, status=refusal.status, content_type="application/problem+json")
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=refusal.status)
        answer["HX-Reswap"] = "none"
        return toast_event(
            answer, Toast(f"{refusal.title}：{refusal.text}" if refusal.title else refusal.text, "stop")
        )
    layout = "base.html" if getattr(request, "membership", None) else "plain.html"
    return render(request, "core/error.html", {"refusal": refusal, "layout": layout}, status=refusal.status)


def refuse(request: HttpRequest, error: ERPError) -> HttpResponse:
    """The answer to a typed refusal: its own sentence under the title of its status."""
    status = int(HTTPStatus(error.status))
    words = _words(400 if status == HTTPStatus.UNPROCESSABLE_ENTITY else status)
    title = _("没做：这样不行") if status == HTTPStatus.UNPROCESSABLE_ENTITY else words.title
    if request.headers.get("HX-Request"):
        return _page(request, Refusal(status, words.icon, "", error.message))
    return _page(request, Refusal(status, words.icon, title, error.message, words.button))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, _words(400))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, _words(403))


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, _words(404))


def too_many(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(request, _words(429))


def server_error(request: HttpRequest) -> HttpResponse:
    """Needs no database and no session: they may be what broke."""
    if request.headers.get("HX-Request"):
        return _page(request, _words(500))
    return HttpResponse(render_to_string("core/error_bare.html", {"refusal": _words(500)}), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is older than the sign-in (another tab signed out, or cookies are off)."""
    return _page(
        request,
        Refusal(
            403,
            "clock-exclamation",
            _("这一页放太久了"),
            _("刷新一下再做一次。刚才那一步没有做。"),
            _("刷新"),
            request.path,
        ),
    )
