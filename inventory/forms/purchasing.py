"""What people enter about suppliers, purchase orders and safety stock."""

import csv
import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import exponent
from inventory.forms.paper_lines import LINES_MOST, PaperLineForm
from inventory.forms.words import CHOICE, DATE, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST
from inventory.services.purchasing import PRICE_MOST
from inventory.services.safety import SafetyInput
from inventory.services.suppliers import LEAD_MOST, SupplierInput

ROWS_MOST = 1_000


class SupplierForm(forms.Form):
    """A supplier.  Its code cannot be changed later."""

    code = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("供应商编码"),
        max_length=32,
        help_text=gettext_lazy("建好后不能改。"),
        validators=[refuse_control_characters],
    )
    name = forms.CharField(error_messages=TEXT, label=gettext_lazy("名称"), max_length=100)
    contact = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("联系人"), max_length=60, required=False
    )
    phone = forms.CharField(error_messages=TEXT, label=gettext_lazy("电话"), max_length=30, required=False)
    lead_days = forms.IntegerField(
        error_messages=WHOLE,
        label=gettext_lazy("下单到到货（天）"),
        min_value=0,
        max_value=LEAD_MOST,
        required=False,
        help_text=gettext_lazy("填了，新采购单的预计到货日自己算。"),
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].disabled = not is_new

    def supplier(self) -> SupplierInput:
        """The values of a valid form."""
        return SupplierInput(**self.cleaned_data)


class PurchaseForm(forms.Form):
    """The head of a purchase order."""

    supplier = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("供应商"), coerce=int)
    facility = forms.TypedChoiceField(error_messages=CHOICE, label=gettext_lazy("送到哪里"), coerce=int)
    expected_on = forms.DateField(
        error_messages=DATE,
        label=gettext_lazy("预计到货"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("空着就按供应商的到货天数算。"),
    )
    note = forms.CharField(error_messages=TEXT, label=gettext_lazy("备注"), max_length=200, required=False)
    paper = forms.CharField(required=False, widget=forms.HiddenInput)


class PurchaseLineForm(PaperLineForm):
    """So many units of one SKU at a price."""

    price = forms.DecimalField(
        label=gettext_lazy("单价"),
        min_value=0,
        max_digits=15,
        decimal_places=3,
        required=False,
        error_messages={
            "invalid": gettext_lazy("要填金额，比如 12.50。"),
            "min_value": gettext_lazy("不能小于 %(limit_value)s。"),
        },
    )

    def price_minor(self, currency: str) -> int | None:
        """The price in minor units; a price with more digits than the currency has is told at the field."""
        price: Decimal | None = self.cleaned_data.get("price")
        if price is None:
            return None
        scaled = price.scaleb(exponent(currency))
        if scaled != scaled.to_integral_value() or scaled > PRICE_MOST:
            self.add_error("price", _("最多 %(n)d 位小数。") % {"n": exponent(currency)})
            return None
        return int(scaled)


PurchaseLines = forms.formset_factory(PurchaseLineForm, extra=0, max_num=LINES_MOST, absolute_max=LINES_MOST)


class SafetyForm(forms.Form):
    """Rows as a table program copies them: facility, SKU, minimum, target; commas or tabs between."""

    rows = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("一行一个：仓库编码，商家编码，最低，补到"),
        max_length=100_000,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "data-scan-field": ""}),
        help_text=gettext_lazy("从表格里复制粘贴就行。两个都写 0，就是不再管它。"),
    )

    def read(self, facilities: Mapping[str, int], skus: Mapping[str, int]) -> list[SafetyInput]:
        """The rows of a valid form.  Every wrong row is told with its number and column."""
        found: list[SafetyInput] = []
        seen: dict[tuple[int, int], int] = {}
        for number, cells in self.table():
            row, told = _read_row(cells, facilities, skus)
            if row is not None and (row.facility_id, row.sku_id) in seen:
                told = _("和第 %(n)d 行是同一个仓库的同一个商品") % {"n": seen[row.facility_id, row.sku_id]}
            if told or row is None:
                self.add_error("rows", _("第 %(n)d 行：%(what)s。") % {"n": number, "what": told})
                continue
            seen[row.facility_id, row.sku_id] = number
            found.append(row)
        return found

    def table(self) -> list[tuple[int, list[str]]]:
        """(row number, cells) of the rows that say something; a head of words is left out."""
        text = str(self.cleaned_data["rows"]).replace("\0", "")
        rows = csv.reader(io.StringIO(text.replace("，", ",")), delimiter="\t" if "\t" in text else ",")
        numbered = [(n, [cell.strip() for cell in cells]) for n, cells in enumerate(rows, 1)]
        said = [(n, cells) for n, cells in numbered if any(cells)]
        if said and len(said[0][1]) >= 4 and not any(cell.isdecimal() for cell in said[0][1][2:4]):
            said = said[1:]
        return said[:ROWS_MOST]


def _read_row(
    cells: list[str], facilities: Mapping[str, int], skus: Mapping[str, int]
) -> tuple[SafetyInput | None, str]:
    """The row, or what is wrong with it."""
    if len(cells) < 4:
        return None, _("要有 4 列，只有 %(n)d 列") % {"n": len(cells)}
    facility, sku, minimum, target = cells[:4]
    if facility not in facilities:
        return None, _("没有仓库“%(code)s”") % {"code": facility[:32]}
    if sku not in skus:
        return None, _("没有商品“%(code)s”") % {"code": sku[:64]}
    for name, text in ((_("最低"), minimum), (_("补到"), target)):
        if not (text.isascii() and text.isdigit() and int(text[:12]) <= UNITS_MOST and len(text) <= 12):
            return None, _("%(column)s“%(text)s”不是 0 以上的整数") % {"column": name, "text": text[:20]}
    if int(target) < int(minimum):
        return None, _("补到 %(target)s 小于最低 %(minimum)s") % {"target": target, "minimum": minimum}
    return SafetyInput(facilities[facility], skus[sku], int(minimum), int(target)), ""
