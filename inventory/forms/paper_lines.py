"""Lines of papers that people write: goods and how many of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CODE_LONGEST, TEXT, WHOLE
from inventory.models import UNITS_MOST
from inventory.queries.receiving import ScannedGoods

LINES_MOST = 200


class LineForm(forms.Form):
    """A line of a paper; one that nobody touched is none."""

    def is_blank(self) -> bool:
        """An untouched line is no line."""
        return not any(str(self.data.get(self.add_prefix(name), "")).strip() for name in self.fields)


class PaperLineForm(LineForm):
    """One line: so many units of one SKU."""

    goods = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("编码或条码"), max_length=CODE_LONGEST, required=False
    )
    quantity = forms.IntegerField(
        error_messages=WHOLE, label=gettext_lazy("数量"), min_value=1, max_value=UNITS_MOST, required=False
    )


PaperLines = forms.formset_factory(PaperLineForm, extra=0, max_num=LINES_MOST, absolute_max=LINES_MOST)


def read_goods(
    lines: Sequence[Any], books: Mapping[str, ScannedGoods]
) -> list[tuple[ScannedGoods, Any]] | None:
    """The SKU of every line; None when a line is wrong, which its form says at its field."""
    found: list[tuple[ScannedGoods, Any]] = []
    first: dict[int, int] = {}
    is_right = True
    for number, line in enumerate(lines, 1):
        code = line.cleaned_data["goods"].strip()
        goods = books.get(code)
        if goods is None:
            line.add_error("goods", _("没有这个编码或条码。") if code else _("要填编码或条码。"))
        elif goods.id in first:
            line.add_error("goods", _("和第 %(n)d 行是同一个商品，合成一行。") % {"n": first[goods.id]})
        else:
            first[goods.id] = number
            found.append((goods, line))
        if not line.cleaned_data["quantity"]:
            line.add_error("quantity", _("要填数量。"))
        is_right = is_right and not line.errors
    return found if is_right else None
