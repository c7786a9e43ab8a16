"""What people enter about products, categories, bundles and files of goods."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.forms.words import CHOICE, CODE_LONGEST, TEXT, WHOLE, refuse_control_characters
from inventory.models import CatalogueSubject
from inventory.rules.goods_table import PATH_LONGEST, tidy_path

PARTS_MOST = 50
FILE = {
    "required": gettext_lazy("先选一个文件。"),
    "empty": gettext_lazy("文件是空的。"),
    "invalid": gettext_lazy("先选一个文件。"),
}


class ProductForm(forms.Form):
    """What a shop shows as one thing."""

    code = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("产品编码"),
        max_length=CODE_LONGEST,
        help_text=gettext_lazy("建好后不能改。"),
        validators=[refuse_control_characters],
    )
    name = forms.CharField(error_messages=TEXT, label=gettext_lazy("名称"), max_length=200)
    brand = forms.CharField(error_messages=TEXT, label=gettext_lazy("品牌"), max_length=60, required=False)

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["code"].disabled = True


class CategoryForm(forms.Form):
    """A category by its path from the top."""

    path = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("分类"),
        max_length=PATH_LONGEST,
        help_text=gettext_lazy("一层一层用 / 隔开，比如 食品/饼干。"),
        validators=[refuse_control_characters],
    )

    def clean_path(self) -> str:
        path = tidy_path(self.cleaned_data["path"])
        if not path:
            raise forms.ValidationError(_("要填。"))
        return path


class BundleForm(forms.Form):
    """The head of a bundle."""

    code = forms.CharField(
        error_messages=TEXT,
        label=gettext_lazy("组合编码"),
        max_length=CODE_LONGEST,
        help_text=gettext_lazy("和店铺里的一样，建好后不能改。不能和商品编码、条码相同。"),
        validators=[refuse_control_characters],
    )
    name = forms.CharField(error_messages=TEXT, label=gettext_lazy("名称"), max_length=200)
    is_cartons = forms.BooleanField(
        label=gettext_lazy("一件商品分几箱装"),
        required=False,
        help_text=gettext_lazy("比如空调的内机和外机：一起发，标“第 1 箱，共 2 箱”。"),
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            self.fields["code"].disabled = True


class PartForm(forms.Form):
    """One part; a line without a code is no line."""

    sku = forms.CharField(
        error_messages=TEXT, label=gettext_lazy("商家编码"), max_length=CODE_LONGEST, required=False
    )
    quantity = forms.IntegerField(
        error_messages=WHOLE, label=gettext_lazy("件数"), min_value=1, max_value=100_000, required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("sku") and not data.get("quantity") and not self.has_error("quantity"):
            self.add_error("quantity", _("要填几件。"))
        if data.get("quantity") and not data.get("sku"):
            self.add_error("sku", _("要填商家编码。"))
        return data


PartLines = forms.formset_factory(PartForm, extra=4, max_num=PARTS_MOST, absolute_max=PARTS_MOST)


class CatalogueFileForm(forms.Form):
    """A file of goods."""

    subject = forms.TypedChoiceField(
        error_messages=CHOICE,
        label=gettext_lazy("文件里是"),
        coerce=lambda value: CatalogueSubject(int(value)),
        choices=CatalogueSubject.choices,
        initial=CatalogueSubject.SKUS,
    )
    file = forms.FileField(
        error_messages=FILE,
        label=gettext_lazy("文件"),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.gz,.xlsx,.xls,.tsv"}),
    )
