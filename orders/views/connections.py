"""Shops' connections to their platforms, and what is said back of each parcel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts import Role
from core.web.access import needs_role
from core.web.parts import Queue, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facility_scope
from orders.access import ACTS, may_act
from orders.connectors.registry import PLATFORMS, Platform
from orders.errors import NoChannel, NoConnection, NoShipBack
from orders.models import Channel, Connection, ConnectionState, ShipBack, ShipBackState
from orders.queries_connections import (
    count_not_said,
    find_connection,
    list_connectable,
    list_problems,
    list_ship_backs,
)
from orders.services import connections, ship_back
from orders.services.connections import ConnectionInput
from orders.views.channels import PLATFORMS as PLATFORM_WORDS
from orders.wording_connections import (
    CARRIES,
    FAILING,
    FIELDS,
    NOT_CONNECTED,
    SAID,
    STATES,
    say_error,
    say_problem,
)

SEES = (Role.OPERATOR, Role.READONLY)
CODE_MOST = 40
COMPANIES_MOST = 50
MOST_RETRIED = 50
DIGITS_MOST = 16


class ConnectionForm(forms.Form):
    """How a shop is reached.  Secrets that are left empty stay as they are."""

    app_key = forms.CharField(max_length=200)
    secret = forms.CharField(max_length=500)
    session = forms.CharField(max_length=500)
    user = forms.CharField(max_length=150)
    password = forms.CharField(max_length=500)
    address = forms.CharField(
        label=gettext_lazy("店铺地址"),
        max_length=200,
        help_text=gettext_lazy("商城接口的地址，像 https://shop.example/api/。"),
    )
    pull_every_s = forms.IntegerField(
        label=gettext_lazy("几秒拉一次"), min_value=30, max_value=86_400, initial=120
    )
    pull_from = forms.DateTimeField(
        label=gettext_lazy("从哪时的单开始拉"),
        required=False,
        help_text=gettext_lazy("不填就从现在起。改早了会重拉，已有的单不变。"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M"],
    )
    companies = forms.CharField(
        label=gettext_lazy("快递在平台的代号"),
        required=False,
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("一行一个，像 SF=505。只写一个代号，就是其余所有快递。"),
    )

    def __init__(self, platform: Platform, hints: Mapping[str, str], *args: Any, is_new: bool) -> None:
        super().__init__(*args)
        for name in (*FIELDS, "address"):
            if name not in platform.fields and not (name == "address" and platform.has_own_address):
                del self.fields[name]
                continue
            if name == "address":
                continue
            field = self.fields[name]
            label, text = FIELDS[name]
            field.label, field.help_text = str(label), str(text)
            field.required = is_new
            if not is_new:
                field.help_text = _("现在的以 %(end)s 结尾。不改就空着。") % {
                    "end": hints.get(name) or "****"
                }
            if name in platform.secrets:
                field.widget = forms.PasswordInput(attrs={"autocomplete": "off"})

    def clean_companies(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.cleaned_data["companies"].splitlines()[: COMPANIES_MOST + 1]:
            ours, is_pair, theirs = line.strip().rpartition("=")
            if not theirs.strip():
                continue
            if len(theirs.strip()) > CODE_MOST or len(found) >= COMPANIES_MOST:
                raise forms.ValidationError(_("代号太长，或者太多。"))
            found[ours.strip() if is_pair else ""] = theirs.strip()
        return found

    def connection(self, channel_id: int, address: str, pull_from: datetime | None) -> ConnectionInput:
        """What the service takes; only after is_valid().  The minute that was shown is no other beginning than the second that is kept."""
        data = self.cleaned_data
        is_kept = pull_from is not None and data["pull_from"] == pull_from.replace(second=0, microsecond=0)
        given = {name: data[name] for name in FIELDS if name in data}
        return ConnectionInput(
            channel_id,
            given,
            data["companies"],
            data["pull_every_s"],
            None if is_kept else data["pull_from"],
            data.get("address", address),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A shop as the list shows it."""

    channel: Channel
    platform: str
    connection: Connection | None
    state: State
    error: str


@require_GET
@needs_role(*SEES)
def connection_list(request: HttpRequest) -> HttpResponse:
    """Shops that can be connected, and how they are."""
    words = dict(PLATFORM_WORDS)
    lines = [
        Line(channel, str(words.get(channel.platform, channel.platform)), found, _state(found), _error(found))
        for channel, found in list_connectable()
    ]
    context = {"lines": lines, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/connections.html", context)


def _state(found: Connection | None) -> State:
    if found is None:
        return NOT_CONNECTED
    return FAILING if found.state == ConnectionState.ACTIVE and found.failures else STATES[found.state]


def _error(found: Connection | None) -> str:
    return say_error(found.error_code, found.error_words) if found else ""


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def edit_connection(request: HttpRequest, channel_id: int) -> HttpResponse:
    """One shop's connection: how it is, what could not be read, and its form."""
    channel = Channel.objects.filter(id=channel_id).first()
    if channel is None:
        raise NoChannel(_("没有这个店铺。"), channel_id=channel_id)
    platform = PLATFORMS.get(channel.platform)
    found = find_connection(channel_id)
    form = None
    if platform is not None:
        form = ConnectionForm(
            platform, found.hints if found else {}, *_filled(request, found), is_new=found is None
        )
        if request.method == "POST" and form.is_valid():
            given = form.connection(
                channel_id, found.address if found else "", found.pull_from if found else None
            )
            connections.save(connection=given, actor_id=request.user.pk)
            say(request, Toast(_("存好了，马上拉一次。结果显示在这里。"), "live"))
            return redirect("orders:connection", channel_id)
    problems = list_problems(found.id) if found else []
    for problem in problems:
        problem.words = say_problem(problem.words)
    context = {
        "channel": channel,
        "found": found,
        "state": _state(found),
        "error": _error(found),
        "form": form,
        "carries": CARRIES[platform.capabilities.carries] if platform else "",
        "problems": problems,
        "can_pause": found is not None and found.state == ConnectionState.ACTIVE,
    }
    is_bad = form is not None and bool(form.errors)
    return render(request, "orders/connection.html", context, status=422 if is_bad else 200)


def _filled(request: HttpRequest, found: Connection | None) -> Sequence[Any]:
    """What was posted, or what is kept; a secret never comes back."""
    if request.method == "POST":
        return (request.POST,)
    if found is None:
        return ()
    companies = "\n".join(f"{ours}={theirs}" if ours else theirs for ours, theirs in found.companies.items())
    initial = {
        "pull_every_s": found.pull_every_s,
        "pull_from": found.pull_from,
        "companies": companies,
        "address": found.address,
    }
    return (None, None, "id_%s", None, initial)


@require_POST
@needs_role(*ACTS)
def pull_now(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Try it at once, whatever went wrong before."""
    connections.pull_now(connection_id=_get(channel_id), actor_id=request.user.pk)
    say(request, Toast(_("在拉了。结果显示在这里。"), "live"))
    return redirect("orders:connection", channel_id)


@require_POST
@needs_role(*ACTS)
def pause(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Leave the shop alone until somebody goes on."""
    connections.pause(connection_id=_get(channel_id), actor_id=request.user.pk)
    say(request, Toast(_("停了。不拉单，也不回传。")))
    return redirect("orders:connection", channel_id)


def _get(channel_id: int) -> int:
    found = find_connection(channel_id)
    if found is None:
        raise NoConnection(_("这个店铺还没有连平台。"), channel_id=channel_id)
    return int(found.id)


@dataclass(frozen=True, slots=True)
class SaidLine:
    """A parcel as the list of what is said back shows it."""

    row: ShipBack
    state: State
    words: str
    next_at: datetime | None


@require_GET
@needs_role(*SEES)
def ship_back_list(request: HttpRequest) -> HttpResponse:
    """What is said to platforms, by state, shop and order; the newest first."""
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    asked = request.GET.get("state", "")
    state = ShipBackState[asked] if asked in ShipBackState.names else None
    found = list_ship_backs(scope)
    if state is not None:
        found = found.filter(state=state)
    order_id, channel_id = _number(request, "order"), _number(request, "channel")
    if order_id:
        found = found.filter(channel_order__order_id=order_id)
    if channel_id:
        found = found.filter(channel_id=channel_id)
    page = list_page(request, found, sorts={"at": Sort("created_at", is_descending=True)}, default="-at")
    lines = [_said(row) for row in page.rows]
    again = [
        str(line.row.id) for line in lines if line.row.state in (ShipBackState.REFUSED, ShipBackState.UNSAID)
    ]
    context = {
        "page": page,
        "lines": lines,
        "tabs": _tabs(state, count_not_said(scope)),
        "again": ",".join(again),
        "order_id": order_id,
        "has_filter": bool(state or order_id or channel_id),
        "can_act": may_act(request.membership),  # type: ignore[attr-defined]
    }
    return render(request, "orders/connections_said.html", context)


def _said(row: ShipBack) -> SaidLine:
    is_waiting = row.state == ShipBackState.WAITING
    return SaidLine(row, SAID[row.state], say_error(row.code, row.words), row.next_at if is_waiting else None)


def _tabs(current: ShipBackState | None, counts: Mapping[int, int]) -> list[Queue]:
    base = reverse("orders:ship_backs")
    tabs = [Queue(_("全部"), base, None, is_current=current is None)]
    tabs += [
        Queue(state.label, f"{base}?state={state.name}", counts.get(state), is_current=state == current)
        for state in ShipBackState
    ]
    return tabs


def _number(request: HttpRequest, name: str) -> int | None:
    asked = request.GET.get(name, "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < DIGITS_MOST else None


@require_POST
@needs_role(*ACTS)
def retry(request: HttpRequest) -> HttpResponse:
    """Say these again."""
    asked = [part for part in request.POST.get("ids", "").split(",") if part.isascii() and part.isdigit()]
    scope = facility_scope(request.membership)  # type: ignore[attr-defined]
    ids = [int(part) for part in asked[:MOST_RETRIED] if len(part) < DIGITS_MOST]
    mine = list(list_ship_backs(scope).filter(id__in=ids).values_list("id", flat=True))
    if not mine:
        raise NoShipBack(_("没有这条回传。"))
    done = ship_back.retry(ship_back_ids=mine)
    say(request, Toast(_("再说一次：%(n)d 条。") % {"n": done}, "live"))
    back = request.POST.get("back", "")
    return redirect(
        f"{reverse('orders:ship_backs')}?{back}"
        if back.startswith("state=")
        else reverse("orders:ship_backs")
    )
