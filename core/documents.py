"""What a ledger row's document is: its name and its page, asked in bulk of every floor that makes documents.

Ids are unique over all tables, so a move carries only a number; each floor knows its own.  The list of who is asked stands in
erp/wiring.py, so that a lower floor's page links upward without importing anything from there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Document:
    """A document as people name it; `url` is empty when it has no page."""

    label: str
    url: str = ""


Resolver = Callable[[Sequence[int]], Mapping[int, Document]]


def list_documents(ids: Iterable[int]) -> dict[int, Document]:
    """Those of the ids that some floor knows; one statement a floor, fewer when the first ones know all."""
    missing = sorted(set(ids))
    found: dict[int, Document] = {}
    resolvers: Sequence[Resolver] = import_string(settings.DOCUMENTS)
    for resolver in resolvers:
        if missing:
            found |= resolver(missing)
            missing = [id_ for id_ in missing if id_ not in found]
    return found


def page_of(name: str, id_: int) -> str:
    """The address of a document's page, or nothing when there is no such page."""
    try:
        return reverse(name, args=[id_])
    except NoReverseMatch:
        return ""
