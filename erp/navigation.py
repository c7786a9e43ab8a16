"""The rail at the left: what each role sees."""

from core.web.navigation import NavItem

NAVIGATION: tuple[NavItem, ...] = ()
