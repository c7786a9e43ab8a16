"""Which orders a page of the desk shows: a queue, narrowed by colleague, shop and place, or what a search names."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.web.formats import number
from core.web.parts import FilterTag
from inventory.access import facility_scope
from orders import queries
from orders.queries import Choices

SHOWN_IDS = 50  # orders that an address can name
ME, NOBODY = "me", "none"


def queue_name(request: HttpRequest) -> str:
    """The queue of the address; all that is stopped when it names none."""
    asked = request.GET.get("queue", "")
    return asked if asked in queries.STAGES or asked in queries.CODES else queries.STOPPED


def is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def searched(request: HttpRequest) -> str:
    """The number asked for; PostgreSQL has no text with NUL in it."""
    return request.GET.get("q", "").replace("\0", " ").strip()[:64]


@dataclass
class Asked:
    """What an address asks for.  Searching and narrowing exclude each other: who types a number wants that order wherever it is."""

    request: HttpRequest

    @cached_property
    def scope(self) -> Sequence[int] | None:
        return facility_scope(self.request.membership)  # type: ignore[attr-defined]

    @cached_property
    def queue(self) -> str:
        return queue_name(self.request)

    @cached_property
    def text(self) -> str:
        return searched(self.request)

    @cached_property
    def ids(self) -> list[int]:
        asked = self.request.GET.get("ids", "").split(",")
        return [int(id_) for id_ in asked if is_id(id_)][:SHOWN_IDS]

    @property
    def is_search(self) -> bool:
        return bool(self.text or self.ids)

    @property
    def can_narrow(self) -> bool:
        """What has shipped is never walked for a filter that few of a million rows may pass."""
        return not self.is_search and self.queue != queries.SHIPPED

    @cached_property
    def narrow(self) -> dict[str, str]:
        """The filters in force, as the address spells them."""
        if not self.can_narrow:
            return {}
        asked = {name: self.request.GET.get(name, "") for name in ("who", "channel", "facility")}
        return {
            name: value
            for name, value in asked.items()
            if is_id(value) or (name == "who" and value in (ME, NOBODY))
        }

    @cached_property
    def choices(self) -> Choices:
        return queries.list_choices(self.scope)

    def orders(self) -> Any:
        """The queryset, without an order."""
        if self.text:
            return queries.list_orders(self.scope).filter(id__in=queries.find_order_ids(self.text))
        if self.ids:
            return queries.list_orders(self.scope).filter(id__in=self.ids)
        found = queries.list_queue(self.queue, self.scope)
        who = self.narrow.get("who", "")
        if who:
            person = self.request.user.pk if who == ME else None if who == NOBODY else int(who)
            found = found.filter(assignee_id=person)
        for name in ("channel", "facility"):
            if name in self.narrow:
                found = found.filter(**{f"{name}_id": int(self.narrow[name])})
        return found

    def tags(self) -> list[FilterTag]:
        """What narrows the list, each with the address of the list without it."""
        if self.text:
            return [FilterTag(_("单号：%(text)s") % {"text": self.text}, f"?queue={self.queue}")]
        if self.ids:
            words = _("刚才那 %(n)s 单") % {"n": number(len(self.ids))}
            return [FilterTag(words, f"?queue={self.queue}")]
        return [
            FilterTag(self._word(name, value), self._without(name)) for name, value in self.narrow.items()
        ]

    def _word(self, name: str, value: str) -> str:
        if name == "who":
            if value == ME:
                return _("分给我的")
            if value == NOBODY:
                return _("没人管的")
            return self.choices.people.get(int(value), "—")
        known = self.choices.channels if name == "channel" else self.choices.facilities
        return known.get(int(value), "—")

    def _without(self, name: str) -> str:
        query = self.request.GET.copy()
        for old in (name, "after", "before"):
            query.pop(old, None)
        return f"?{query.urlencode()}"
