"""Pages of the ground floor: sign-in, the choice of tenant, home, background jobs, the kit."""

from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_failure_limit
from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from core import clock, queries
from core.services.accounts import list_memberships
from core.web import kit, navigation
from core.web.auth import LOCKED_MINUTES
from core.web.context import is_kit_open
from core.web.jobs import progress, state_of
from core.web.middleware import public, to_choose
from core.web.refusals import csrf_failure  # noqa: F401  settings.CSRF_FAILURE_VIEW

TENANT_KEY = "tenant_id"


class SignInForm(AuthenticationForm):
    """The sentence after a wrong try is the same whether the account exists or not; it counts the tries
    that are left.
    """

    error_messages = {
        "invalid_login": gettext_lazy("账号或密码不对。"),
        "inactive": gettext_lazy("账号或密码不对。"),
    }

    def clean_username(self) -> str:
        """Folded, as accounts are stored: tries are counted by name, and other capitals are no other name."""
        return str(self.cleaned_data["username"]).strip().casefold()

    def get_invalid_login_error(self) -> ValidationError:
        error = super().get_invalid_login_error()
        name = self.cleaned_data.get("username")
        left = get_failure_limit(self.request, {"username": name}) - AxesProxyHandler.get_failures(
            self.request, {"username": name}
        )
        if 0 < left <= 3:
            error.message = _("账号或密码不对。再错 %(n)d 次，锁 %(minutes)d 分钟。") % {
                "n": left,
                "minutes": LOCKED_MINUTES,
            }
        return error


@method_decorator([never_cache, sensitive_post_parameters("password")], name="dispatch")
class SignIn(LoginView):
    """Signs in and goes where the person wanted to go; with one membership the tenant is chosen too."""

    form_class = SignInForm
    template_name = "core/signin.html"
    redirect_authenticated_user = True
    next_page = "core:home"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        cards = list_memberships(form.get_user().pk)
        if len(cards) == 1:
            self.request.session[TENANT_KEY] = cards[0].tenant_id
            return answer
        wanted = self.get_redirect_url()
        return redirect(to_choose(wanted)) if wanted and cards else answer


signin = public(SignIn.as_view())


@public
@require_POST
def signout(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("core:signin")


@public
@never_cache
@require_GET
def choose_tenant(request: HttpRequest) -> HttpResponse:
    """The tenants a person may enter.  With one there is nothing to choose; with none it says whom to ask."""
    if not request.user.is_authenticated:
        return redirect("core:signin")
    cards = list_memberships(request.user.pk)
    if len(cards) == 1 and TENANT_KEY not in request.session:
        request.session[TENANT_KEY] = cards[0].tenant_id
        return redirect(_ours(request, request.GET.get("next", "")))
    here = {
        "cards": cards,
        "current_id": request.session.get(TENANT_KEY),
        "next": request.GET.get("next", ""),
    }
    if request.headers.get("HX-Request"):
        return render(request, "core/tenant_menu.html", here)
    return render(request, "core/choose_tenant.html", here)


@public
@require_POST
def switch_tenant(request: HttpRequest) -> HttpResponse:
    """Enter another tenant.  A tenant that is not the person's looks like one that is not there."""
    if not request.user.is_authenticated:
        return redirect("core:signin")
    asked = request.POST.get("tenant", "")
    card = next((card for card in list_memberships(request.user.pk) if str(card.tenant_id) == asked), None)
    if card is None:
        raise Http404
    request.session.cycle_key()
    request.session[TENANT_KEY] = card.tenant_id
    return redirect(_ours(request, request.POST.get("next", "")))


def _ours(request: HttpRequest, target: str) -> str:
    """The address a person wanted when it is one of ours, else home."""
    is_ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target.startswith("/") and is_ours else "core:home"


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where a role starts: the first page of its rail."""
    url = navigation.home_url(str(request.membership.role))  # type: ignore[attr-defined]
    return redirect(url) if url else render(request, "core/nothing.html")


@require_GET
def jobs(request: HttpRequest) -> HttpResponse:
    now = clock.opened_at()
    rows = [(job, progress(job, now)) for job in queries.list_jobs()]
    name = "core/jobs_rows.html" if request.headers.get("HX-Request") else "core/jobs.html"
    is_open = any(seen.is_open for _job, seen in rows)
    return render(request, name, {"rows": rows, "now": now, "is_open": is_open})


@require_GET
def job(request: HttpRequest, job_id: int) -> HttpResponse:
    return render(request, "core/job.html", _job(job_id))


@require_GET
def job_strip(request: HttpRequest, job_id: int) -> HttpResponse:
    """The strip alone, for htmx; any page may embed it."""
    return render(request, "core/job_strip.html", _job(job_id))


def _job(job_id: int) -> dict[str, Any]:
    now, found = clock.opened_at(), queries.get_job(job_id)
    return {"job": found, "progress": progress(found, now), "now": now}


@never_cache
@require_GET
def jobs_badge(request: HttpRequest) -> HttpResponse:
    """How many jobs are open, for the top bar; asked for after the page has come."""
    running = sum(
        1
        for job in queries.list_jobs()
        if state_of(job.status).hue in ("live", "wait") and job.finished_at is None
    )
    return render(request, "core/jobs_badge.html", {"running": running})


@require_GET
def kit_page(request: HttpRequest) -> HttpResponse:
    """Every part in every state, side by side; for developers and the owner."""
    if not is_kit_open(request):
        raise Http404
    return render(request, "core/kit.html", kit.samples(clock.opened_at()))
