"""The form of a gift rule."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import exponent, major
from inventory.services.catalogue import find_sku_ids
from orders.forms_rules import CURRENCIES, MOST_MONEY, NamesGoods
from orders.models import GiftRule
from orders.queries import Choices


def _money(label: Any, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, min_value=0, max_value=MOST_MONEY, decimal_places=3, help_text=help_text
    )


def _instant(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget)


class GiftRuleForm(NamesGoods):
    """What is given, to which orders, how often.  What is left empty is not asked about."""

    name = forms.CharField(label=gettext_lazy("规则叫什么"), max_length=60)
    sku = forms.CharField(
        label=gettext_lazy("送什么"), max_length=64, help_text=gettext_lazy("商家编码或条码。")
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("一次送几件"), min_value=1, max_value=1_000_000, initial=1
    )
    from_minor = _money(gettext_lazy("实付满"), gettext_lazy("含这个数。"))
    to_minor = _money(gettext_lazy("实付不超过"), gettext_lazy("含这个数。"))
    currency = forms.ChoiceField(label=gettext_lazy("币种"), choices=[(c, c) for c in CURRENCIES])
    skus = forms.CharField(
        label=gettext_lazy("买了这些商品"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("商家编码或条码，用顿号隔开，有一个就算。"),
    )
    categories = forms.CharField(
        label=gettext_lazy("买了这些类目"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("写全路径，像“食品/饼干”；它下面的也算。"),
    )
    min_units = forms.IntegerField(
        label=gettext_lazy("至少买几件"), min_value=1, max_value=1_000_000, initial=1
    )
    most_units = forms.IntegerField(
        label=gettext_lazy("一共送多少件"),
        required=False,
        min_value=0,
        max_value=2_000_000_000,
        help_text=gettext_lazy("送完为止；空着不限。"),
    )
    starts_at = _instant(gettext_lazy("从什么时候付款的算"))
    ends_at = _instant(gettext_lazy("到什么时候为止"))
    priority = forms.IntegerField(
        label=gettext_lazy("优先级"),
        min_value=-1_000,
        max_value=1_000,
        initial=0,
        help_text=gettext_lazy("大的先算。"),
    )
    channels = forms.TypedMultipleChoiceField(
        label=gettext_lazy("店铺"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    is_per_multiple = forms.BooleanField(label=gettext_lazy("每买够一次件数送一次"), required=False)
    is_once_per_buyer = forms.BooleanField(label=gettext_lazy("一个买家只送一次"), required=False)
    is_exclusive = forms.BooleanField(label=gettext_lazy("送了它就不送别的"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("开着"), required=False, initial=True)

    def __init__(self, choices: Choices, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channels"]
        assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  narrows the type
        field.choices = list(choices.channels.items())

    def clean_sku(self) -> int:
        code = self.cleaned_data["sku"].strip()
        found = find_sku_ids([code])
        if code not in found:
            raise forms.ValidationError(_("没有 %(code)s 这个商品。") % {"code": code})
        return found[code]

    def conditions(self) -> dict[str, Any]:
        """The words of orders.rules.gifts; only after is_valid()."""
        data = self.cleaned_data
        made: dict[str, Any] = {
            name: int(data[name].scaleb(exponent(data["currency"])))
            for name in ("from_minor", "to_minor")
            if data[name] is not None
        }
        if made:
            made["currency"] = data["currency"]
        made |= {name: data[name] for name in ("skus", "categories", "channels") if data[name]}
        if data["min_units"] > 1:
            made["min_units"] = data["min_units"]
        return made | ({"is_per_multiple": True} if data["is_per_multiple"] else {})

    @classmethod
    def initial_of(
        cls, rule: GiftRule, skus: Mapping[int, str], categories: Mapping[int, str], currency: str
    ) -> dict[str, Any]:
        """What the fields show of a stored rule; `skus` and `categories` by id."""
        said = rule.conditions
        currency = said.get("currency", currency)
        names = (
            "name", "quantity", "priority", "is_exclusive", "is_once_per_buyer", "most_units", "starts_at", "ends_at", "is_active",
        )  # fmt: skip
        shown = {name: getattr(rule, name) for name in names} | {"currency": currency}
        shown |= {name: major(said[name], currency) for name in ("from_minor", "to_minor") if name in said}
        shown |= {name: said[name] for name in ("min_units", "is_per_multiple", "channels") if name in said}
        shown["sku"] = skus.get(rule.sku_id, "")
        shown["skus"] = "、".join(skus.get(id_, str(id_)) for id_ in said.get("skus", ()))
        shown["categories"] = "、".join(categories.get(id_, str(id_)) for id_ in said.get("categories", ()))
        return shown
