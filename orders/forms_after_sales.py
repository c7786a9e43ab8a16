"""Forms of what comes after a sale."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import exponent
from orders.models import FollowKind
from orders.queries_after_sales import RefundLineRow

MOST = 2**31 - 1


class _Lines(forms.Form):
    """A field of units for each line of an order, `units_<line>`; empty is none."""

    limits_units = True

    def __init__(self, *args: Any, lines: Sequence[RefundLineRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            most = max(0, line.left) if self.limits_units else MOST
            self.fields[f"units_{line.id}"] = forms.IntegerField(
                min_value=0, max_value=most, required=False, label=line.name
            )

    def rows(self) -> list[tuple[RefundLineRow, Any]]:
        """Each line with its field."""
        return [(line, self[f"units_{line.id}"]) for line in self.lines]

    def units(self) -> dict[int, int]:
        """Line -> units, of the lines that have any."""
        found = ((line.id, self.cleaned_data.get(f"units_{line.id}")) for line in self.lines)
        return {id_: n for id_, n in found if n}


class RefundForm(_Lines):
    """Whole, some units, or money only; how much, and why."""

    what = forms.ChoiceField(
        label=gettext_lazy("退什么"),
        choices=[
            ("whole", gettext_lazy("整单")),
            ("some", gettext_lazy("部分商品")),
            ("money", gettext_lazy("只退钱")),
        ],
        widget=forms.RadioSelect,
        initial="whole",
    )
    amount = forms.DecimalField(
        label=gettext_lazy("退多少钱"), min_value=Decimal(0), max_digits=14, decimal_places=3
    )
    reason = forms.CharField(label=gettext_lazy("原因"), max_length=200, required=False)

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> Decimal:
        amount: Decimal = self.cleaned_data["amount"]
        scaled = amount.scaleb(exponent(self.currency))
        if scaled != scaled.to_integral_value():
            raise forms.ValidationError(
                _("%(currency)s 的金额最多 %(n)d 位小数。")
                % {"currency": self.currency, "n": exponent(self.currency)}
            )
        return amount

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("what") == "some" and not self.errors and not self.units():
            raise forms.ValidationError(_("填一下退哪几件。"))
        return data


class FollowForm(_Lines):
    """Exchange or reship: which goods, how many, and why."""

    limits_units = False
    kind = forms.ChoiceField(
        label=gettext_lazy("为什么发"), choices=[(str(kind.value), kind.label) for kind in FollowKind]
    )
    code = forms.CharField(label=gettext_lazy("别的商品编码"), max_length=64, required=False)
    units_other = forms.IntegerField(label=gettext_lazy("件数"), min_value=1, max_value=MOST, required=False)
    reason = forms.CharField(label=gettext_lazy("原因"), max_length=200, required=False)

    def goods(self) -> list[tuple[str, int]]:
        """Merchant code and units of each."""
        by_id = {line.id: line.code for line in self.lines}
        found = [(by_id[id_], n) for id_, n in self.units().items()]
        code = str(self.cleaned_data.get("code", "")).strip()
        return [*found, (code, self.cleaned_data["units_other"] or 1)] if code else found

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.goods():
            raise forms.ValidationError(_("填一下发哪几件。"))
        return data
