"""Shops, as a list and a form; and the job that takes everything planned at one facility out of the door."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from core import db
from core.accounts import Role
from core.errors import Invalid
from core.models import Job
from core.models.jobs import UNFINISHED
from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Toast
from core.web.toasts import say
from inventory.access import facilities_of, get_facility
from inventory.models import FacilityKind
from inventory.queries import FacilityCard
from orders.access import ACTS, may_act
from orders.errors import NoChannel
from orders.models import Channel
from orders.services import fulfil
from orders.services.channels import ChannelInput, change_channel, create_channel, find_channel_id
from warehouse.models import Handover
from warehouse.queries import COUNT_MOST, Waiting, list_waiting

PLATFORMS = [
    ("file", gettext_lazy("订单文件")),
    ("tmall", gettext_lazy("天猫、淘宝")),
    ("jd", gettext_lazy("京东")),
    ("pdd", gettext_lazy("拼多多")),
    ("douyin", gettext_lazy("抖音")),
    ("own", gettext_lazy("自己的商城")),
]
CURRENCIES = ("CNY", "HKD", "TWD", "USD", "EUR", "GBP", "JPY")
FIXED = ("code", "platform", "currency")  # orders were read by them


class ChannelForm(forms.Form):
    """A shop.  What orders were read by cannot be changed later; the rest counts for the orders to come."""

    code = forms.RegexField(
        r"^[a-z0-9][a-z0-9_-]*$",
        label=gettext_lazy("店铺代号"),
        max_length=32,
        help_text=gettext_lazy("小写字母、数字、横线。接口推单用它，建好后不能改。"),
        error_messages={"invalid": gettext_lazy("只能用小写字母、数字、横线。")},
    )
    name = forms.CharField(label=gettext_lazy("店铺名"), max_length=60)
    platform = forms.ChoiceField(label=gettext_lazy("平台"), choices=PLATFORMS)
    currency = forms.ChoiceField(
        label=gettext_lazy("币种"), choices=[(c, c) for c in CURRENCIES], initial="CNY"
    )
    facility = forms.TypedChoiceField(label=gettext_lazy("发货仓库"), coerce=int)
    handover = forms.TypedChoiceField(
        label=gettext_lazy("怎么交出去"),
        coerce=int,
        choices=[(int(value), label) for value, label in Handover.choices if value != Handover.STORE],
        help_text=gettext_lazy("月台交接按托走，不限包裹重量。"),
    )
    ship_within_h = forms.IntegerField(
        label=gettext_lazy("付款后几小时内发"), min_value=1, max_value=24 * 90, initial=48
    )
    min_days = forms.IntegerField(
        label=gettext_lazy("买家手里至少还能放几天"),
        min_value=0,
        max_value=3650,
        initial=0,
        help_text=gettext_lazy("效期短于它的批次不发给这家店。"),
    )
    ready_now = forms.TypedChoiceField(
        label=gettext_lazy("货不齐的单"),
        required=False,
        coerce=lambda said: said == "yes",
        empty_value=None,
        choices=[
            ("", gettext_lazy("按公司的设置")),
            ("yes", gettext_lazy("先发有货的，剩下的等到货")),
            ("no", gettext_lazy("等齐了一起发")),
        ],
    )
    needs_address = forms.BooleanField(label=gettext_lazy("没有地址就停下"), required=False, initial=True)
    is_o2o = forms.BooleanField(label=gettext_lazy("先给附近门店抢"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("还在收单"), required=False, initial=True)

    def __init__(self, facilities: Sequence[FacilityCard], *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["facility"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  narrows the type
        field.choices = [(card.id, card.name) for card in facilities]
        if is_new:
            del self.fields["is_active"]
        for name in () if is_new else FIXED:
            self.fields[name].disabled = True

    def channel(self) -> ChannelInput:
        """What the services take; only after is_valid()."""
        data = self.cleaned_data
        return ChannelInput(
            data["code"],
            data["name"].strip(),
            data["facility"],
            data["platform"],
            data["currency"],
            data["needs_address"],
            data["is_o2o"],
            data["handover"],
            data["min_days"],
            data["ship_within_h"],
            data["ready_now"],
        )


@require_GET
@needs_role(*ACTS, Role.READONLY)
def channel_list(request: HttpRequest) -> HttpResponse:
    """Shops that take orders first, by name."""
    found = Channel.objects.select_related("facility").order_by("-is_active", "name", "id")
    platforms = dict(PLATFORMS)
    rows = [
        (channel, platforms.get(channel.platform, channel.platform), Handover(channel.handover).label)
        for channel in found
    ]
    context = {"rows": rows, "can_act": may_act(request.membership)}  # type: ignore[attr-defined]
    return render(request, "orders/channels.html", context)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def new_channel(request: HttpRequest) -> HttpResponse:
    """A new shop."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    form = ChannelForm(facilities, request.POST or None, is_new=True)
    if request.method == "POST" and form.is_valid():
        channel = form.channel()
        if _create(channel, request.user.pk):
            say(request, Toast(_("建好了%(name)s。现在可以导入它的订单。") % {"name": channel.name}))
            return redirect("orders:channels")
        form.add_error("code", _("这个代号已经有店铺用了，换一个。"))
    return _form(request, form, _("新店铺"), _("建店铺"))


def _create(channel: ChannelInput, actor_id: int | None) -> bool:
    """Whether the code was free."""
    if find_channel_id(channel.code) is not None:
        return False
    try:
        with db.savepoint():  # a savepoint: somebody may take the code at this very moment
            create_channel(channel, actor_id=actor_id)
    except IntegrityError:
        return False
    return True


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def edit_channel(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Change a shop for the orders to come."""
    found = Channel.objects.filter(id=channel_id).first()
    if found is None:
        raise NoChannel(_("没有这个店铺。"), channel_id=channel_id)
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    names = [name for name in ChannelForm.base_fields if name != "facility"]
    initial = {name: getattr(found, name) for name in names} | {"facility": found.facility_id}
    initial["ready_now"] = {None: "", True: "yes", False: "no"}[found.ready_now]
    form = ChannelForm(facilities, request.POST or None, initial=initial, is_new=False)
    if request.method == "POST" and form.is_valid():
        change_channel(
            channel_id, form.channel(), is_active=form.cleaned_data["is_active"], actor_id=request.user.pk
        )
        say(request, Toast(_("存好了。从下一张单起按新的来。")))
        return redirect("orders:channels")
    return _form(request, form, found.name, _("存"))


def _form(request: HttpRequest, form: ChannelForm, title: str, submit: str) -> HttpResponse:
    context = {"form": form, "title": title, "submit": submit, "back": reverse("orders:channels")}
    return render(request, "orders/channel.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def fulfil_all(request: HttpRequest) -> HttpResponse:
    """What waits at each facility, and the job that takes it out of the door; one a facility at a time."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    running = _running()
    if request.method == "POST":
        return _start(request, running)
    warehouses = [card for card in facilities if card.kind == FacilityKind.WAREHOUSE]
    waiting = {row.facility_id: row for row in list_waiting([card.id for card in warehouses])}
    told = [(card, *_told(card, waiting.get(card.id)), running.get(card.id)) for card in warehouses]
    rows = sorted((row for row in told if row[1] or row[4]), key=lambda row: (-row[1], row[0].name))
    return render(request, "orders/fulfil.html", {"rows": rows})


def _told(card: FacilityCard, row: Waiting | None) -> tuple[int, str, str]:
    """Parcels that wait, the number as it is said, and the question before they leave."""
    parcels = row.parcels if row else 0
    said = (
        _("%(n)s 个以上") % {"n": number(parcels)}
        if parcels >= COUNT_MOST
        else _("%(n)s 个") % {"n": number(parcels)}
    )
    question = _("%(place)s的 %(n)s包裹，一次拣完发走？系统当作都照单拣齐了，发走就收不回。")
    return parcels, said, question % {"place": card.name, "n": said}


def _running() -> Mapping[int, int]:
    """Facility -> the job that is at work there."""
    found = Job.objects.filter(kind=fulfil.KIND, status__in=UNFINISHED).values_list("params", "id")
    return {int(params["facility_id"]): id_ for params, id_ in found}


def _start(request: HttpRequest, running: Mapping[int, int]) -> HttpResponse:
    asked = request.POST.get("facility", "")
    if not (asked.isascii() and asked.isdigit() and len(asked) < 16):
        raise Invalid(_("先选仓库。"), code="no_facility")
    card = get_facility(request.membership, int(asked))  # type: ignore[attr-defined]
    if card.id in running:
        say(request, Toast(_("%(place)s已经在做了，看进度。") % {"place": card.name}, "live"))
        return redirect("core:job", running[card.id])
    job_id = fulfil.start(facility_id=card.id, actor_id=request.user.pk)
    say(request, Toast(_("开始了。可以离开本页。"), "live"))
    return redirect("core:job", job_id)
