"""How long goods must still last: the rules, by SKU, category, shop and customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.web.access import needs_role
from core.web.parts import Toast
from core.web.tables import Page, Sort, list_page
from core.web.toasts import say
from inventory.models import Category, ShelfLifeRule
from inventory.services.catalogue import find_sku_ids
from inventory.services.shelf_life import MOST_DAYS, RuleInput, remove_rule, save_rules
from orders.access import ACTS, SEES, may_act
from orders.models import Channel, Order

MOST_CATEGORIES = 2_000


class RuleForm(forms.Form):
    """A rule; what is left empty is not asked about."""

    sku = forms.CharField(
        label=gettext_lazy("商品"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("商家编码或条码，不填就是所有商品。"),
    )
    category = forms.TypedChoiceField(
        label=gettext_lazy("类目"), required=False, coerce=int, empty_value=None
    )
    channel = forms.TypedChoiceField(label=gettext_lazy("店铺"), required=False, coerce=int, empty_value=None)
    customer_of = forms.CharField(
        label=gettext_lazy("客户"),
        required=False,
        max_length=64,
        help_text=gettext_lazy("填他的一个订单号，规则管同一个收件人的单。"),
    )
    min_days = forms.IntegerField(
        label=gettext_lazy("发出时至少还能放几天"), min_value=0, max_value=MOST_DAYS
    )
    note = forms.CharField(label=gettext_lazy("备注"), required=False, max_length=100)
    replaces = forms.BooleanField(label=gettext_lazy("只按这条，别的都不管"), required=False)

    def __init__(
        self, categories: Sequence[tuple[int, str]], channels: Sequence[tuple[int, str]], *args: Any
    ) -> None:
        super().__init__(*args)
        for name, choices, every in (
            ("category", categories, _("所有类目")),
            ("channel", channels, _("所有店铺")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  narrows the type
            field.choices = [("", every), *choices]

    def clean_sku(self) -> int | None:
        code = self.cleaned_data["sku"].strip()
        found = find_sku_ids([code]) if code else {}
        if code and code not in found:
            raise forms.ValidationError(_("没有 %(code)s 这个商品。") % {"code": code})
        return found.get(code)

    def clean_customer_of(self) -> int | None:
        number = self.cleaned_data["customer_of"].strip()
        if not number:
            return None
        found = Order.objects.filter(number=number).values_list("receiver_key", flat=True).first()
        if found is None:
            raise forms.ValidationError(_("没有这张单，或者它的收件人是打了码的，认不出是谁。"))
        return int(found)

    def rule(self) -> RuleInput:
        """What the service takes; only after is_valid()."""
        data = self.cleaned_data
        return RuleInput(
            data["min_days"],
            data["replaces"],
            data["sku"],
            data["category"],
            data["channel"],
            data["customer_of"],
            data["note"].strip(),
        )


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as the page shows it."""

    rule: ShelfLifeRule
    channel: str
    customer: str


@require_http_methods(["GET", "POST"])
@needs_role(*SEES)
def rules(request: HttpRequest) -> HttpResponse:
    """The rules, newest last, and a form for one more; who may not act sees the rules only."""
    can_act = may_act(request.membership)  # type: ignore[attr-defined]
    channels = list(Channel.objects.order_by("name", "id").values_list("id", "name"))
    form = _form(request, channels) if can_act else None
    if request.method == "POST" and form is None:
        return redirect("orders:shelf_life")
    if request.method == "POST" and form is not None and form.is_valid():
        save_rules(rules=[form.rule()], actor_id=request.user.pk)
        say(request, Toast(_("存好了。从下一次占库存起按它来。")))
        return redirect("orders:shelf_life")
    mask = Order.objects.filter(receiver_key=OuterRef("customer_ref")).values("receiver_mask")[:1]
    found = ShelfLifeRule.objects.select_related("sku", "category").annotate(receiver_mask=Subquery(mask))
    page = list_page(request, found, sorts={"id": Sort("id")}, default="id")
    context = {"page": page, "rows": _lines(page, dict(channels)), "form": form, "can_act": can_act}
    return render(request, "orders/shelf_life.html", context, status=422 if form and form.errors else 200)


@require_POST
@needs_role(*ACTS)
def remove(request: HttpRequest, rule_id: int) -> HttpResponse:
    """End one rule."""
    remove_rule(rule_id=rule_id, actor_id=request.user.pk)
    say(request, Toast(_("删了。已经占好的库存不变。")))
    return redirect("orders:shelf_life")


def _form(request: HttpRequest, channels: Sequence[tuple[int, str]]) -> RuleForm:
    categories = list(Category.objects.order_by("path").values_list("id", "path")[:MOST_CATEGORIES])
    return RuleForm(categories, channels, request.POST or None)


def _lines(page: Page[Any], channels: dict[int, str]) -> list[RuleLine]:
    """With the shop's name, and the receiver's mask as one of the customer's orders has it."""
    return [
        RuleLine(
            rule,
            channels.get(rule.channel_ref or 0, ""),
            "" if rule.customer_ref is None else rule.receiver_mask or _("早先的客户"),
        )
        for rule in page.rows
    ]
