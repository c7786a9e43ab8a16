"""Tags and filters of the house: `{% load cf %}`.  Thin: what values look like is decided in
core.web.formats.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django import template
from django.contrib.messages import get_messages
from django.forms import BoundField
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.models import Membership
from core.web import formats
from core.web.parts import HUE_ICONS, Column, Hue, State, Toast
from core.web.toasts import toast_of

register = template.Library()
BAR_WIDTH = 1000


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """A Tabler outline icon of static/icons.txt, silent to readers: the word beside it says what it means."""
    return format_html(
        '<svg class="cf-i{}" aria-hidden="true"><use href="{}#tabler-{}"/></svg>',
        f" {css}" if css else "", static("vendor/icons.svg"), name,
    )  # fmt: skip


@register.simple_tag
def state_badge(state: State | str, word: str = "", icon_name: str = "") -> SafeString:
    """Hue + icon + word, from a State or from `hue word [icon]`: `{% state_badge "warn" "买家留言" %}`."""
    if isinstance(state, State):
        hue, word, icon_name = state.hue, str(state.word), state.icon
    else:
        hue = state
    shown = icon_name or HUE_ICONS[Hue(hue)]
    return format_html('<span class="cf-st cf-st--{}">{}{}</span>', hue, icon(shown), word)


@register.simple_tag
def bar(
    segments: Iterable[tuple[str, int]], total: int = 0, thick: bool = False, label: str = ""
) -> SafeString:
    """A stacked bar of (hue, amount); what is missing to `total` is track.  An SVG, since style attributes
    are refused.
    """
    parts = [(hue, amount) for hue, amount in segments if amount > 0]
    whole = max(total, sum(amount for _hue, amount in parts), 1)
    rects, start = [], Decimal(0)
    for hue, amount in parts:
        width = (Decimal(amount) * BAR_WIDTH / whole).quantize(Decimal("0.1"))
        rects.append((hue, start, width))
        start += width
    body = format_html_join("", '<rect class="cf-f-{}" x="{}" y="0" width="{}" height="10"/>', rects)
    told = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    css = "cf-bar cf-bar--t" if thick else "cf-bar"
    return format_html(
        '<svg class="{}" preserveAspectRatio="none" viewBox="0 0 1000 10" {}>{}</svg>', css, told, body
    )


@register.simple_tag
def progress(done: int, total: int, hue: str = "live", thick: bool = True) -> SafeString:
    """One part of a whole: `{% progress job.rows_done job.rows_total %}`."""
    label = _("%(done)s，共 %(total)s") % {"done": formats.number(done), "total": formats.number(total)}
    return bar([(hue, done)], total or 0, thick, label)


@register.simple_tag
def ring(left: float, total: float) -> SafeString:
    """A countdown ring: seconds left by the server's clock at this render, of `total`;
    static/js/countdown.js keeps it going.
    """
    left, total = max(0, int(left)), max(1, int(total))
    share = left / total
    hue = "stop" if left < 10 else "warn" if share <= 0.25 else "live"
    return format_html(
        '<svg class="cf-ring cf-ring--{}" viewBox="0 0 40 40" role="timer" data-left="{}" '
        'data-total="{}" aria-label="{}">'
        '<circle class="cf-ring__t" cx="20" cy="20" r="16"/>'
        '<circle class="cf-ring__v" cx="20" cy="20" r="16" pathLength="100" stroke-dasharray="{} 100"/>'
        '<text x="20" y="20" dy=".36em">{}</text></svg>',
        hue, left, total, _("还剩 %(time)s") % {"time": formats.duration(left)}, f"{share * 100:.1f}", left,
    )  # fmt: skip


@register.simple_tag
def control(field: BoundField, css: str = "") -> SafeString:
    """The widget of a form field in the house's dress; Django ties it to its hint and its errors."""
    kind = getattr(field.field.widget, "input_type", "")
    dress = {"checkbox": "cf-ck", "radio": "cf-ck", "select": "cf-in"}.get(kind, "cf-in")
    return field.as_widget(attrs={"class": f"{dress} {css}".strip()})


@register.simple_tag(takes_context=True)
def toasts(context: Context) -> list[Toast]:
    """The messages waiting for this request, as toasts; asking takes them."""
    request = context.get("request")
    return (
        [toast_of(message) for message in get_messages(request)] if isinstance(request, HttpRequest) else []
    )


@register.simple_tag(takes_context=True)
def sort_link(context: Context, column: Column) -> Mapping[str, str]:
    """Where a column head leads: a first click sorts its own way, the next one the other; paging starts
    anew.
    """
    page = context["page"]
    now = page.sort
    same = now.lstrip("-") == column.sort
    first = page.first_ways.get(column.sort, column.sort)
    other = now[1:] if now.startswith("-") else f"-{now}"
    query = context["request"].GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query["sort"] = other if same else first
    order = ("descending" if now.startswith("-") else "ascending") if same else ""
    return {"url": f"?{query.urlencode()}", "order": order}


@register.simple_tag(takes_context=True)
def moment(context: Context, at: datetime | None) -> str:
    """A point in time next to today, in the zone that is active: "今 15:00".  `now` in the context is the
    server's instant.
    """
    if at is None:
        return formats.UNKNOWN
    now = context.get("now")
    today = timezone.localtime(now) if isinstance(now, datetime) else timezone.localtime()
    return formats.moment(timezone.localtime(at), today)


@register.filter
def money(minor: int | None, currency: str = "CNY") -> str:
    return formats.money(minor, currency)


@register.filter
def money_symbol(minor: int | None, currency: str = "CNY") -> str:
    return formats.money_symbol(minor, currency)


@register.filter
def number(value: int | Decimal | None) -> str:
    return formats.number(value)


@register.filter
def signed(value: int | None) -> str:
    return formats.signed(value)


@register.filter
def duration(seconds: float | None) -> str:
    return formats.duration(seconds)


@register.filter
def deadline(seconds: float | None) -> str:
    return formats.deadline(seconds)


@register.filter
def urgency(seconds: float | None) -> str:
    """The colour of a deadline: late or under half an hour red, under two hours amber, else none."""
    if seconds is None or seconds >= 2 * formats.HOUR:
        return ""
    return "c-stop" if seconds < formats.HOUR / 2 else "c-warn"


@register.simple_tag
def due(left_s: float | None) -> SafeString:
    """What is left of a promise, the same everywhere: "3 时 50", amber when it is near, red with a sign when it has passed."""
    if left_s is None:
        return SafeString("")
    sign = icon("alert-triangle") if left_s < 0 else ""
    return format_html('<b class="cf-due nw {}">{}{}</b>', urgency(left_s), sign, formats.deadline(left_s))


@register.filter
def clock(at: datetime | None) -> str:
    """Time of day to the second, in the zone that is active: "14:05:34"."""
    return formats.UNKNOWN if at is None else f"{timezone.localtime(at):%H:%M:%S}"


@register.filter
def mask(value: str, kind: str) -> str:
    """Hide a person: `{{ name|mask:"name" }}`, "phone", "street"."""
    return {"name": formats.mask_name, "phone": formats.mask_phone, "street": formats.mask_street}[kind](
        value or ""
    )


@register.filter
def initial(name: str) -> str:
    """One character that stands for a person or a channel."""
    return name.strip()[:1].upper()


@register.filter
def has_role(membership: Membership | None, roles: str) -> bool:
    """Whether a member has one of the roles in a comma list; the owner has them all:
    `membership|has_role:"OPERATOR,QUALITY"`.
    """
    if membership is None:
        return False
    return membership.role == "OWNER" or membership.role in roles.split(",")
