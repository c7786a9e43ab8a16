"""The stock that each channel is told: the number, its formula, whether the platform has it; what is listed and how much may be said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core.errors import Invalid
from core.web.access import needs_role
from core.web.parts import State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.models import UNITS_MOST
from inventory.services.catalogue import find_sku_ids
from orders.access import ACTS, SEES, may_act
from orders.errors import NoChannel
from orders.models import Channel, Listing, StockLevel, StockOut, StockStrategy
from orders.queries_connections import find_connection
from orders.queries_stock_out import (
    Counts,
    find_general,
    find_out,
    list_levels,
    list_listings,
    list_outs,
    list_own,
)
from orders.services import stock_saying, stock_setup
from orders.services.stock_setup import MOST_EVERY_S, ListingInput, StrategyInput
from orders.views.narrowing import is_id
from orders.wording_stock_out import LEVELS, Step, deal_of, error_of, state_of, steps_of

MOST_LINES = 1_000
ID_MOST = 64


class SettingsForm(forms.Form):
    """Whether a channel is told of stock, how often, and how much it may say of everything."""

    is_on = forms.BooleanField(label=gettext_lazy("上传库存"), required=False)
    every_s = forms.IntegerField(
        label=gettext_lazy("最快几秒传一次"), min_value=0, max_value=MOST_EVERY_S, initial=15
    )
    share = forms.IntegerField(
        label=gettext_lazy("份额（%）"),
        min_value=0,
        max_value=100,
        initial=100,
        help_text=gettext_lazy("几个店卖同一批货时，各店的份额加起来超过 100，就按比例缩到 100。"),
    )
    fixed = forms.IntegerField(
        label=gettext_lazy("定死几件"),
        min_value=0,
        max_value=UNITS_MOST,
        required=False,
        help_text=gettext_lazy("填了就不按份额，先给它这么多。"),
    )
    kept_back = forms.IntegerField(
        label=gettext_lazy("留几件不卖"), min_value=0, max_value=UNITS_MOST, initial=0
    )

    def strategy(self, channel_id: int) -> StrategyInput:
        data = self.cleaned_data
        return StrategyInput(channel_id, None, data["share"], data["fixed"], data["kept_back"])


class StrategyForm(forms.Form):
    """How much a channel may say of one SKU."""

    sku = forms.CharField(label=gettext_lazy("商家编码或条码"), max_length=64)
    share = forms.IntegerField(label=gettext_lazy("份额（%）"), min_value=0, max_value=100, initial=100)
    fixed = forms.IntegerField(
        label=gettext_lazy("定死几件"), min_value=0, max_value=UNITS_MOST, required=False
    )
    kept_back = forms.IntegerField(
        label=gettext_lazy("留几件不卖"), min_value=0, max_value=UNITS_MOST, initial=0
    )
    is_gone = forms.BooleanField(label=gettext_lazy("不单独定了，跟店铺走"), required=False)

    def __init__(self, data: Any = None, initial: dict[str, Any] | None = None) -> None:
        super().__init__(
            data, initial=initial, auto_id="sku_%s"
        )  # beside the channel's own form, which has the same fields

    def clean_sku(self) -> int:
        code = self.cleaned_data["sku"].strip()
        found = find_sku_ids([code])
        if code not in found:
            raise forms.ValidationError(_("没有这个商品。"))
        return int(found[code])


class ListingsForm(forms.Form):
    """Goods as the platform numbers them, a line each: item, variant, merchant code."""

    lines = forms.CharField(
        label=gettext_lazy("平台商品"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "一行一个：平台商品编号、规格编号、商家编码，用空格或制表符隔开。没有规格的写两样。可以从表格里整块贴过来。"
        ),
    )

    def clean_lines(self) -> list[tuple[str, str, int]]:
        rows = [line.split() for line in self.cleaned_data["lines"].splitlines() if line.strip()]
        if len(rows) > MOST_LINES:
            raise forms.ValidationError(_("一次最多 %(n)d 行。") % {"n": MOST_LINES})
        for place, row in enumerate(rows, 1):
            if len(row) not in (2, 3) or any(len(word) > ID_MOST for word in row):
                raise forms.ValidationError(_("第 %(n)d 行看不懂。") % {"n": place})
        found = find_sku_ids([row[-1] for row in rows])
        for place, row in enumerate(rows, 1):
            if row[-1] not in found:
                raise forms.ValidationError(_("第 %(n)d 行：没有这个商品。") % {"n": place})
        return [(row[0], row[1] if len(row) > 2 else "", found[row[-1]]) for row in rows]


@dataclass(frozen=True, slots=True)
class OutLine:
    """A channel as the list shows it; delays in seconds."""

    channel: Channel
    out: StockOut | None
    counts: Counts
    state: State
    error: str
    delay_s: float | None
    most_s: float | None


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A number as its channel's page shows it."""

    row: StockLevel
    state: State
    steps: list[Step]
    error: str
    delay_s: float | None
    deal: str
    has_own: bool
    listings: list[Listing]


@require_GET
@needs_role(*SEES)
def out_list(request: HttpRequest) -> HttpResponse:
    """Channels: told of stock or not, how long a change takes to get there, how much was sold that was not there."""
    lines = [_out_line(channel, out, counts) for channel, out, counts in list_outs()]
    return render(request, "orders/stock_outs.html", {"lines": lines})


def _out_line(channel: Channel, out: StockOut | None, counts: Counts) -> OutLine:
    said = out.said_count if out else 0
    return OutLine(
        channel,
        out,
        counts,
        state_of(out),
        error_of(out) if out else "",
        out.delay_ms_sum / said / 1_000 if out and said else None,
        out.delay_ms_most / 1_000 if out and said else None,
    )


@require_GET
@needs_role(*SEES)
def one_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """One channel's numbers, and the forms that decide them."""
    return _page(request, _channel(channel_id))


def _page(request: HttpRequest, channel: Channel, **bound: forms.Form) -> HttpResponse:
    out, general = find_out(channel.id), find_general(channel.id)
    page = list_page(request, list_levels(channel.id), sorts={"id": Sort("id")}, default="id")
    initial = {"is_on": out.is_on, "every_s": out.every_s} if out else {}
    if general:
        initial |= _amounts(general)
    skus = [row.sku_id for row in page.rows]
    own, listed = list_own(channel.id, skus), list_listings(channel.id, skus)
    context = {
        "channel": channel,
        "line": _out_line(channel, out, Counts()),
        "page": page,
        "lines": [
            LevelLine(
                row,
                LEVELS[row.state],
                steps_of(row),
                error_of(row),
                row.delay_ms / 1_000 if row.delay_ms is not None else None,
                deal_of(own.get(row.sku_id)),
                row.sku_id in own,
                listed.get(row.sku_id, []),
            )
            for row in page.rows
        ],
        "is_connected": find_connection(channel.id) is not None,
        "can_act": may_act(request.membership),  # type: ignore[attr-defined]
        "settings": bound.get("settings") or SettingsForm(initial=initial),
        "strategy": bound.get("strategy")
        or StrategyForm(initial=_asked(request, {row.sku_id: row.sku.code for row in page.rows}, own)),
        "listings": bound.get("listings") or ListingsForm(),
    }
    return render(request, "orders/stock_out.html", context, status=422 if bound else 200)


def _amounts(row: StockStrategy) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("share", "fixed", "kept_back")}


def _asked(
    request: HttpRequest, codes: Mapping[int, str], own: Mapping[int, StockStrategy]
) -> dict[str, Any] | None:
    """What the form shows of the SKU that the address names, if it is on this page."""
    asked = request.GET.get("sku", "")
    sku_id = next((id_ for id_, code in codes.items() if code == asked), None)
    if sku_id is None:
        return None
    return {"sku": asked} | (_amounts(own[sku_id]) if sku_id in own else {})


def _channel(channel_id: int) -> Channel:
    found = Channel.objects.filter(id=channel_id).first()
    if found is None:
        raise NoChannel(_("没有这个店铺。"), channel_id=channel_id)
    return found


@require_POST
@needs_role(*ACTS)
def save_settings(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Told or not, how often, how much."""
    channel, form = _channel(channel_id), SettingsForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, settings=form)
    data, actor_id = form.cleaned_data, request.user.pk
    stock_setup.switch(
        channel_id=channel_id,
        is_on=data["is_on"],
        every_s=data["every_s"],
        actor_id=actor_id,
        strategy=form.strategy(channel_id),
    )
    return _done(request, channel_id, _("存好了，马上重算。"))


@require_POST
@needs_role(*ACTS)
def save_strategy(request: HttpRequest, channel_id: int) -> HttpResponse:
    """How much of one SKU."""
    channel, form = _channel(channel_id), StrategyForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, strategy=form)
    data = form.cleaned_data
    row = StrategyInput(
        channel_id, data["sku"], data["share"], data["fixed"], data["kept_back"], data["is_gone"]
    )
    stock_setup.save_strategies(strategies=[row], actor_id=request.user.pk)
    return _done(request, channel_id, _("存好了，马上重算。"))


@require_POST
@needs_role(*ACTS)
def save_listings(request: HttpRequest, channel_id: int) -> HttpResponse:
    """What the channel lists."""
    channel, form = _channel(channel_id), ListingsForm(request.POST)
    if not form.is_valid():
        return _page(request, channel, listings=form)
    rows = [
        ListingInput(channel_id, sku_id, item, variant)
        for item, variant, sku_id in form.cleaned_data["lines"]
    ]
    done = stock_setup.save_listings(listings=rows, actor_id=request.user.pk)
    return _done(request, channel_id, _("存了 %(n)d 个。") % {"n": done})


@require_POST
@needs_role(*ACTS)
def remove_listing(request: HttpRequest, channel_id: int) -> HttpResponse:
    """The channel lists this no more.  Form: listing."""
    _channel(channel_id)
    asked = request.POST.get("listing", "")
    found = Listing.objects.filter(channel_id=channel_id, id=int(asked) if is_id(asked) else 0).first()
    if found is None:
        raise Invalid(_("没有这个平台商品，刷新一下。"), code="no_listing")
    stock_setup.remove_listings(listing_ids=[found.id], actor_id=request.user.pk)
    return _done(request, channel_id, _("不传 %(item)s 了。") % {"item": found.item})


@require_POST
@needs_role(*ACTS)
def say_now(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Everything again, at once."""
    stock_saying.say_now(channel_id=channel_id, actor_id=request.user.pk)
    return _done(request, channel_id, _("在传了。结果显示在这里。"))


def _done(request: HttpRequest, channel_id: int, words: str) -> HttpResponse:
    say(request, Toast(words, "live"))
    return redirect("orders:stock_out", channel_id)
