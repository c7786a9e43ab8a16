"""What people enter on the papers of the floor: bin moves, adjustments, holds of places."""

from django import forms
from django.utils.translation import gettext_lazy

from inventory.forms.paper_lines import LINES_MOST, LineForm
from inventory.forms.words import CHOICE, CODE_LONGEST, DATE, TEXT, WHOLE, refuse_control_characters
from inventory.models import UNITS_MOST, AdjustmentReason, HoldKind


def _code(label: object, longest: int = CODE_LONGEST) -> forms.CharField:
    return forms.CharField(
        label=label,  # type: ignore[arg-type]
        max_length=longest,
        required=False,
        error_messages=TEXT,
        validators=[refuse_control_characters],
    )


class PaperForm(forms.Form):
    """Base of a head.  `token` carries the id that the page made, so that a form sent twice counts once."""

    token = forms.CharField(required=False, widget=forms.HiddenInput)
    facility = forms.TypedChoiceField(label=gettext_lazy("仓库"), coerce=int, error_messages=CHOICE)


class BinMoveForm(PaperForm):
    note = forms.CharField(label=gettext_lazy("备注"), max_length=200, required=False, error_messages=TEXT)


class BinMoveLineForm(LineForm):
    from_bin = _code(gettext_lazy("从货位"), 32)
    goods = _code(gettext_lazy("编码或条码"))
    lot = _code(gettext_lazy("批次"), 40)
    quantity = forms.IntegerField(
        label=gettext_lazy("数量"), min_value=1, max_value=UNITS_MOST, required=False, error_messages=WHOLE
    )
    to_bin = _code(gettext_lazy("到货位"), 32)


class AdjustmentForm(PaperForm):
    """The head of an adjustment.  Counts write their own."""

    reason = forms.TypedChoiceField(
        label=gettext_lazy("原因"),
        coerce=int,
        error_messages=CHOICE,
        choices=[
            (int(reason), reason.label) for reason in AdjustmentReason if reason != AdjustmentReason.COUNT
        ],
        help_text=gettext_lazy("破损、丢失、过期、退货填件数，系统会减掉；“其他”里少了的填负数。"),
    )
    note = forms.CharField(label=gettext_lazy("备注"), max_length=200, required=False, error_messages=TEXT)


class AdjustmentLineForm(LineForm):
    bin = _code(gettext_lazy("货位"), 32)
    goods = _code(gettext_lazy("编码或条码"))
    lot = _code(gettext_lazy("批次"), 40)
    expires_on = forms.DateField(
        label=gettext_lazy("到期日"),
        required=False,
        error_messages=DATE,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("数量"),
        min_value=-UNITS_MOST,
        max_value=UNITS_MOST,
        required=False,
        error_messages=WHOLE,
    )


BinMoveLines = forms.formset_factory(BinMoveLineForm, extra=1, max_num=LINES_MOST, absolute_max=LINES_MOST)
AdjustmentLines = forms.formset_factory(
    AdjustmentLineForm, extra=1, max_num=LINES_MOST, absolute_max=LINES_MOST
)


class PlaceHoldForm(forms.Form):
    """Stop everything at a facility or in a bin of it, or one lot there."""

    facility = forms.TypedChoiceField(label=gettext_lazy("仓库"), coerce=int, error_messages=CHOICE)
    bin = _code(gettext_lazy("货位"), 32)
    goods = _code(gettext_lazy("编码或条码"))
    lot = _code(gettext_lazy("批次"), 40)
    kind = forms.ChoiceField(
        label=gettext_lazy("为什么停"),
        error_messages=CHOICE,
        choices=[
            (HoldKind.HELD.value, gettext_lazy("冻结")),
            (HoldKind.QUARANTINE.value, gettext_lazy("待检")),
        ],
    )
    reason = forms.CharField(label=gettext_lazy("原因"), max_length=300, error_messages=TEXT)
    document = forms.CharField(label=gettext_lazy("单据"), max_length=60, required=False, error_messages=TEXT)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["bin"].help_text = gettext_lazy("空着就停整个仓库。")
        self.fields["goods"].help_text = gettext_lazy("空着就停里面所有的货；填了要连批次一起填。")
