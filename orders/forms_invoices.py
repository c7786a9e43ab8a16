"""Forms of invoices: what is asked for, and what the invoicing program made of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import exponent, major
from orders.models import InvoiceContent, InvoiceRequest
from orders.rules.invoices import EMAIL_MOST, TITLE_MOST, InvoiceWish, Problem, fold_tax_number, problem_of
from orders.services.invoices import MOST
from orders.wording_invoices import PROBLEMS

FIELD_OF = {
    Problem.NO_TITLE: "title",
    Problem.NO_TAX_NUMBER: "tax_number",
    Problem.BAD_TAX_NUMBER: "tax_number",
    Problem.BAD_EMAIL: "email",
}


class InvoiceForm(forms.Form):
    """Who it is for, what stands on it, and how much."""

    kind = forms.ChoiceField(
        label=gettext_lazy("抬头类型"),
        choices=[("person", gettext_lazy("个人")), ("company", gettext_lazy("单位"))],
        widget=forms.RadioSelect,
        initial="person",
    )
    title = forms.CharField(label=gettext_lazy("发票抬头"), max_length=TITLE_MOST)
    tax_number = forms.CharField(
        label=gettext_lazy("税号"), max_length=32, required=False, help_text=gettext_lazy("单位必填。")
    )
    email = forms.CharField(label=gettext_lazy("收票邮箱"), max_length=EMAIL_MOST, required=False)
    content = forms.TypedChoiceField(
        label=gettext_lazy("发票内容"),
        choices=InvoiceContent.choices,
        coerce=int,
        initial=InvoiceContent.DETAIL,
    )
    amount = forms.DecimalField(label=gettext_lazy("开票金额"), max_digits=14, decimal_places=3)

    def __init__(self, *args: Any, currency: str, left_minor: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency, self.left_minor = currency, left_minor
        self.fields["amount"].initial = major(left_minor, currency)

    def clean_amount(self) -> int:
        scaled = self.cleaned_data["amount"].scaleb(exponent(self.currency))
        if scaled != scaled.to_integral_value():
            raise forms.ValidationError(
                _("%(currency)s 的金额最多 %(n)d 位小数。")
                % {"currency": self.currency, "n": exponent(self.currency)}
            )
        if not 0 < scaled <= Decimal(self.left_minor):
            raise forms.ValidationError(_("开票金额要大于零，不能比付的钱减去退款多。"))
        return int(scaled)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and (problem := problem_of(self.wish())) is not None:
            self.add_error(FIELD_OF[problem], str(PROBLEMS[problem.value]))
        return data

    def wish(self) -> InvoiceWish:
        """What was asked for."""
        data = self.cleaned_data
        return InvoiceWish(
            " ".join(data["title"].split()),
            data["kind"] == "company",
            fold_tax_number(data["tax_number"]) if data["kind"] == "company" else "",
            data["email"].strip(),
            is_detailed=data["content"] == InvoiceContent.DETAIL,
            amount_minor=data["amount"],
        )


class NumbersForm(forms.Form):
    """A number for each chosen request, and one day for all of them."""

    on = forms.DateField(
        label=gettext_lazy("开票日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    asks_again = forms.BooleanField(label=gettext_lazy("剩下的金额重新申请一张"), required=False)

    def __init__(self, *args: Any, rows: Sequence[InvoiceRequest], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.requests = rows
        for row in rows:
            self.fields[f"number_{row.id}"] = forms.CharField(max_length=40, required=False)

    def rows(self) -> list[tuple[InvoiceRequest, Any]]:
        """Each request with its field."""
        return [(row, self[f"number_{row.id}"]) for row in self.requests]

    def numbers(self) -> dict[int, str]:
        """Request -> number, of those that have one."""
        found = ((row.id, self.cleaned_data.get(f"number_{row.id}", "")) for row in self.requests)
        return {id_: number for id_, number in found if number}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.numbers():
            raise forms.ValidationError(_("至少填一个号码。"))
        return data


class ReasonForm(forms.Form):
    """Why it is not issued."""

    reason = forms.CharField(label=gettext_lazy("原因"), max_length=200)


@dataclass(frozen=True, slots=True)
class PastedLine:
    """One line of what was pasted: the order's number, the invoice's, and its day."""

    order_number: str
    number: str
    on: date


class PasteForm(forms.Form):
    """What the invoicing program made, a line each: order number, invoice number, and the day where it is another one."""

    lines = forms.CharField(
        label=gettext_lazy("从开票软件粘贴"), widget=forms.Textarea(attrs={"rows": 8}), max_length=100_000
    )
    on = forms.DateField(
        label=gettext_lazy("开票日期"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors:
            data["pasted"] = self._read(data["lines"], data["on"])
        return data

    def _read(self, text: str, day: date) -> list[PastedLine]:
        found: dict[str, PastedLine] = {}
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > MOST:
            raise forms.ValidationError(_("一次最多 %(n)d 行。") % {"n": MOST})
        for place, line in enumerate(lines, 1):
            parts = [part for part in re.split(r"[\t,，;；\s]+", line.strip()) if part]
            on = _day(parts[2], day) if len(parts) == 3 else day
            if not 2 <= len(parts) <= 3 or on is None or parts[0] in found:
                raise forms.ValidationError(
                    _("第 %(n)d 行看不懂：要写订单号、发票号码，一单一行。") % {"n": place}
                )
            found[parts[0]] = PastedLine(parts[0], parts[1], on)
        return list(found.values())


def _day(text: str, otherwise: date) -> date | None:
    if not text:
        return otherwise
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
