"""Forms of orders: taking in a file, and how it is read."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.sheets.reading import ASKED
from orders.importing.settings import BadLine, DateOrder, Options
from orders.models import Channel

AUTO = "auto"


class UploadForm(forms.Form):
    """A file into a channel; "auto" asks a known layout which channel it wants."""

    channel = forms.ChoiceField(label=_("店铺"))
    encoding = forms.ChoiceField(
        label=_("文字编码"), choices=[("", ""), *((name, name) for name in ASKED)], required=False
    )
    file = forms.FileField(
        label=_("订单文件"), widget=forms.FileInput(attrs={"accept": ".csv,.txt,.gz,.xlsx,.xls,.tsv"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["channel"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  narrows the type
        channels = Channel.objects.filter(is_active=True).order_by("name").values_list("id", "name")
        field.choices = [*((str(id_), name) for id_, name in channels), (AUTO, _("按文件认店铺"))]


class OptionsForm(forms.Form):
    """The options of one file.  Lists are written one a line."""

    date_order = forms.ChoiceField(
        label=_("日期写法"),
        choices=[
            (DateOrder.YEAR_FIRST.value, _("年-月-日")),
            (DateOrder.DAY_FIRST.value, _("日/月/年")),
            (DateOrder.MONTH_FIRST.value, _("月/日/年")),
        ],
    )
    decimals = forms.IntegerField(label=_("币种小数位"), min_value=0, max_value=3)
    bad_line = forms.ChoiceField(
        label=_("一行不对时"),
        choices=[(BadLine.STOP.value, _("停下整张单")), (BadLine.DROP.value, _("只去掉这一行"))],
    )
    not_goods = forms.CharField(
        label=_("不是商品的编码"),
        help_text=_("一行一个。这些行记成订单的费用。"),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=8_000,
    )
    no_code = forms.CharField(
        label=_("等于没写编码的字"),
        help_text=_("一行一个，像 UNKNOWN、-。"),
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        max_length=8_000,
    )
    create_skus = forms.BooleanField(label=_("没有的商品先建上"), required=False)
    opening_stock = forms.BooleanField(label=_("新建的商品补期初库存，分两批"), required=False)
    weight_g = forms.IntegerField(label=_("新商品重量（g）"), min_value=1, max_value=10_000_000)
    length_mm = forms.IntegerField(label=_("长（mm）"), min_value=1, max_value=100_000)
    width_mm = forms.IntegerField(label=_("宽（mm）"), min_value=1, max_value=100_000)
    height_mm = forms.IntegerField(label=_("高（mm）"), min_value=1, max_value=100_000)
    shelf_life_days = forms.IntegerField(
        label=_("保质期（天）"),
        help_text=_("空着就是不会过期。"),
        min_value=1,
        max_value=36_500,
        required=False,
    )

    @classmethod
    def of(cls, options: Options, **kwargs: Any) -> "OptionsForm":
        """The form that shows these options."""
        shown = options.stored() | {
            "not_goods": "\n".join(options.not_goods),
            "no_code": "\n".join(options.no_code),
        }
        return cls(initial=shown, **kwargs)

    def chosen(self) -> dict[str, Any]:
        """The options as the service takes them; only after is_valid()."""
        data = dict(self.cleaned_data)
        return data | {name: data[name].splitlines() for name in ("not_goods", "no_code")}


class MappingNameForm(forms.Form):
    """What a mapping is called when it is kept."""

    mapping_name = forms.CharField(label=_("记成模板"), max_length=60, required=False)
