"""What people enter about kits: recipes, assembling, taking apart."""

from django import forms
from django.utils.translation import gettext_lazy

from inventory.forms.paper_lines import LINES_MOST, LineForm
from inventory.forms.papers import PaperForm
from inventory.forms.words import CODE_LONGEST, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST


def _code(label: object, longest: int, *, required: bool = True, help_text: object = "") -> forms.CharField:
    return forms.CharField(
        label=label,  # type: ignore[arg-type]
        max_length=longest,
        required=required,
        help_text=help_text,  # type: ignore[arg-type]
        error_messages=TEXT,
        validators=[refuse_control_characters],
    )


def _units(label: object, *, required: bool = True) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,  # type: ignore[arg-type]
        min_value=1,
        max_value=UNITS_MOST,
        required=required,
        error_messages=WHOLE,
    )


class AssembleForm(PaperForm):
    """Kits to make.  Without a lot they get the paper's number."""

    goods = _code(gettext_lazy("套装编码或条码"), CODE_LONGEST)
    quantity = _units(gettext_lazy("组装几套"))
    bin = _code(gettext_lazy("放到货位"), 32)
    lot = _code(gettext_lazy("套装批次"), 40, required=False, help_text=gettext_lazy("空着就用组装单号。"))
    note = forms.CharField(label=gettext_lazy("备注"), max_length=200, required=False, error_messages=TEXT)


class PartLotForm(LineForm):
    """Units of a part that must come from one lot."""

    goods = _code(gettext_lazy("零件编码或条码"), CODE_LONGEST, required=False)
    lot = _code(gettext_lazy("批次"), 40, required=False)
    quantity = _units(gettext_lazy("数量"), required=False)


PartLots = forms.formset_factory(PartLotForm, extra=0, max_num=LINES_MOST, absolute_max=LINES_MOST)


class TakeApartForm(PaperForm):
    """Kits of one lot in one bin, and where their parts go."""

    goods = _code(gettext_lazy("套装编码或条码"), CODE_LONGEST)
    bin = _code(gettext_lazy("从货位"), 32)
    lot = _code(
        gettext_lazy("套装批次"), 40, required=False, help_text=gettext_lazy("货位里只有一批就不用填。")
    )
    quantity = _units(gettext_lazy("拆几套"))
    to_bin = _code(gettext_lazy("零件放到货位"), 32)
    note = forms.CharField(label=gettext_lazy("备注"), max_length=200, required=False, error_messages=TEXT)


class KitForm(forms.Form):
    """Which SKU the recipe is for."""

    code = _code(
        gettext_lazy("套装的商家编码"),
        CODE_LONGEST,
        help_text=gettext_lazy("套装也是商品：先在商品资料里建好。"),
    )

    def __init__(self, *args: object, is_new: bool = True, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if not is_new:
            self.fields["code"].disabled = True
            self.fields["code"].help_text = ""
