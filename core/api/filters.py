"""Filters of lists.  What cannot be understood is refused, never ignored."""

from enum import Enum
from typing import Any

from django import forms
from django_filters import rest_framework as filters

from core.api.fields import MAX_ID


class Filters(filters.FilterSet):  # type: ignore[misc]  # the library has no types
    """Base of a list's filters; their names are part of the API."""


class IdFilter(filters.NumberFilter):  # type: ignore[misc]
    """Filter by an id."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, min_value=0, max_value=MAX_ID, **kwargs)


class WordFilter(filters.TypedChoiceFilter):  # type: ignore[misc]
    """Filter by the word of a state."""

    def __init__(self, words: type[Enum], **kwargs: Any) -> None:
        choices = [(word.name, word.name) for word in words]
        super().__init__(choices=choices, coerce=lambda name: words[name].value, **kwargs)


class FlagFilter(filters.TypedChoiceFilter):  # type: ignore[misc]
    """Filter by true or false; anything else is refused, not ignored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("true", "true"), ("false", "false")], coerce=lambda text: text == "true", **kwargs
        )
