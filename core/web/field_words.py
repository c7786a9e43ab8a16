"""What a form says of a value, in our words: Django's own are longer, and politer than the rest of the page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import validators
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

_WORDS: Mapping[type[forms.Field], Mapping[str, Any]] = {
    forms.Field: {"required": _("这一项要填。")},
    forms.IntegerField: {"invalid": _("要填整数。")},
    forms.DecimalField: {"invalid": _("要填数字。")},
    forms.FloatField: {"invalid": _("要填数字。")},
    forms.DateField: {"invalid": _("日期写成 2026-11-30 这样。")},
    forms.DateTimeField: {"invalid": _("时间写成 2026-11-30 14:05 这样。")},
    forms.ChoiceField: {"invalid_choice": _("从列出来的里面选一个。")},
    forms.ModelChoiceField: {"invalid_choice": _("从列出来的里面选一个。")},
    forms.FileField: {
        "required": _("先选一个文件。"),
        "invalid": _("先选一个文件。"),
        "missing": _("先选一个文件。"),
        "empty": _("文件是空的。"),
    },
}


def use_our_words() -> None:
    """Change the words of the fields themselves, so that no form can forget them.  Called once, when Django starts."""
    for field, words in _WORDS.items():
        field.default_error_messages = {**field.default_error_messages, **words}
    validators.MinValueValidator.message = _("最少 %(limit_value)s。")
    validators.MaxValueValidator.message = _("最多 %(limit_value)s。")
    validators.MaxLengthValidator.message = ngettext_lazy(
        "最多 %(limit_value)d 个字，现在 %(show_value)d 个。",
        "最多 %(limit_value)d 个字，现在 %(show_value)d 个。",
        "limit_value",
    )
    validators.ProhibitNullCharactersValidator.message = _("里面有看不见的空字符，重新输一遍。")
