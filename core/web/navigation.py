"""The rail: which floors a person may enter.  The list itself stands in the roof (settings.NAVIGATION),
since it knows every app.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from core.web.parts import Text


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the rail.  `roles` empty: everybody; the owner sees all.  `key` is the letter after `g`;
    `is_last` stands below.  `home_of`: the roles that start here.
    `covers`: other beginnings of addresses that belong to it.
    """

    label: Text
    icon: str
    url_name: str
    roles: Sequence[str] = ()
    key: str = ""
    is_last: bool = False
    home_of: Sequence[str] = ()
    covers: Sequence[str] = ()

    def is_for(self, role: str) -> bool:
        return not self.roles or role == "OWNER" or role in self.roles


@dataclass(frozen=True, slots=True)
class NavLink:
    """A nav item with its address, as the rail shows it."""

    item: NavItem
    url: str
    is_current: bool


@cache
def _items(path: str) -> tuple[NavItem, ...]:
    return tuple(import_string(path))


def all_items() -> tuple[NavItem, ...]:
    """Every item of settings.NAVIGATION (a dotted path to a tuple)."""
    return _items(settings.NAVIGATION)


def links(role: str, path: str) -> list[NavLink]:
    """The rail of a role on the page `path`; the item with the longest address that begins the path is the
    current one.

    Raises NoReverseMatch when an item's url name does not resolve: a link that leads nowhere is an error of
    ours.
    """
    found = [(item, reverse(item.url_name)) for item in all_items() if item.is_for(role)]
    starts = [
        (start, url)
        for item, url in found
        for start in (url, *item.covers)
        if start != "/" and path.startswith(start)
    ]
    current = max(starts, key=lambda pair: len(pair[0]), default=("", path))[1]
    return [NavLink(item, url, url == current) for item, url in found]


def home_url(role: str) -> str | None:
    """The page a role starts on: its home, else the first entry of its rail that is not the address "/" itself."""
    found = [link for link in links(role, "") if link.url != reverse("core:home")]
    return next((link.url for link in sorted(found, key=lambda link: role not in link.item.home_of)), None)
