"""How values stand in JSON: ids as numbers below 2^53, money as text with its currency, states as words, text without tricks."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.web.formats import exponent, major

MAX_ID = (1 << 53) - 1
INT4 = (1 << 31) - 1
BIGINT = (1 << 63) - 1

# Controls (but for tab, line feed, carriage return) and the marks that turn the direction of what follows.
_TRICKS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class IdField(serializers.IntegerField):
    """An id of ours: a number that JavaScript reads exactly."""

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs.setdefault("min_value", 1)
            kwargs.setdefault("max_value", MAX_ID)
        super().__init__(**kwargs)


class QuantityField(serializers.IntegerField):
    """Base units, above 0.  A JSON number, not a text and not 1.0."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", INT4)
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return int(super().to_internal_value(data))


class PlainText(serializers.CharField):
    """Text that shows what it says: no control characters, nothing that turns its direction."""

    default_error_messages = {"tricks": gettext_lazy("文字里有看不见的控制字符。")}

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        if _TRICKS.search(text):
            self.fail("tricks")
        return text


class InstantField(serializers.DateTimeField):
    """ISO 8601 with its zone: a time without one would be somebody's guess."""

    default_error_messages = {"no_zone": gettext_lazy("时间要带时区，例如 2025-06-01T08:30:00+08:00。")}

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_zone")
        return super().enforce_timezone(value)


class MoneyField(serializers.DecimalField):
    """An amount in whole units as a text ("12.50"); its currency stands beside it, in the field named by `currency`.

    Out: from the model's `*_minor` (source).  In: a Decimal; `to_minor` makes it exact or refuses.
    """

    def __init__(self, *, currency: str = "currency", **kwargs: Any) -> None:
        self.currency = currency
        super().__init__(max_digits=18, decimal_places=3, coerce_to_string=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        minor = super().get_attribute(instance)
        code = instance[self.currency] if isinstance(instance, Mapping) else getattr(instance, self.currency)
        return None if minor is None else (minor, code)

    def to_representation(self, value: Any) -> Any:
        minor, code = value
        return str(major(minor, code).quantize(Decimal(1).scaleb(-exponent(code))))


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in minor units.  Raises ValidationError when the currency has no coin that small."""
    scaled = amount.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        text = _("%(currency)s 的金额最多 %(n)d 位小数。") % {"currency": currency, "n": exponent(currency)}
        raise serializers.ValidationError(text, code="too_many_decimals")
    return int(scaled)


@extend_schema_field(OpenApiTypes.STR)
class WordField(serializers.ChoiceField):
    """The word of a state: the name of an enum's member, however the table stores it."""

    def __init__(self, words: type[Enum], **kwargs: Any) -> None:
        self.words = words
        super().__init__(choices=[word.name for word in words], **kwargs)

    def to_representation(self, value: Any) -> str:
        return self.words(value).name

    def to_internal_value(self, data: Any) -> Any:
        return self.words[super().to_internal_value(data)].value


def refuse_twice(values: list[str], name: str) -> None:
    """A batch names a thing once: which of two values should win is not for us to say.  Raises ValidationError."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise serializers.ValidationError(
                _("%(name)s 出现两次：%(value)s") % {"name": name, "value": value}, code="duplicate"
            )
        seen.add(value)


def batch(shape: serializers.BaseSerializer[Any], *, most: int) -> serializers.ListSerializer[Any]:
    """A list in a body: at least one, at most `most`."""
    return serializers.ListSerializer(child=shape, allow_empty=False, max_length=most)
