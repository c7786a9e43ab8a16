"""Words and limits that the forms of stock share."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CODE_LONGEST = 64

TEXT = {"required": gettext_lazy("要填。"), "max_length": gettext_lazy("太长，最多 %(limit_value)d 个字。")}
WHOLE = {
    "required": gettext_lazy("要填。"),
    "invalid": gettext_lazy("要填整数。"),
    "min_value": gettext_lazy("不能小于 %(limit_value)s。"),
    "max_value": gettext_lazy("不能大于 %(limit_value)s。"),
}
MONEY = {
    "invalid": gettext_lazy("要填金额，比如 12.50。"),
    "min_value": gettext_lazy("不能小于 %(limit_value)s。"),
    "max_decimal_places": gettext_lazy("小数位太多。"),
}
DATE = {"invalid": gettext_lazy("不是日期，比如 2028-04-01。")}
CHOICE = {"required": gettext_lazy("要选一个。"), "invalid_choice": gettext_lazy("没有这个选项，重新选。")}


def refuse_control_characters(text: str) -> None:
    """A code is typed, scanned or pasted; what cannot be seen must not be kept in it."""
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise forms.ValidationError(_("里面有看不见的字符，重新输入一遍。"))
