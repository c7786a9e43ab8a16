"""What every page of the shell may use: see `shell`."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from core.services.accounts import MembershipCard, list_memberships
from core.web import navigation
from core.web.words import script_words


def events_url(request: HttpRequest) -> str:
    """Where the live push is: /events/ of this origin, or of the same host on settings.ERP_EVENTS_PORT."""
    port = str(settings.ERP_EVENTS_PORT or "")
    if not port:
        return "/events/"
    host = request.get_host()
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return f"{request.scheme}://{name}:{port}/events/"


def others(request: HttpRequest) -> Sequence[MembershipCard]:
    """The person's memberships in other tenants.  One statement: pages read it only where they show it."""
    user_id = request.user.pk
    tenant = getattr(request, "tenant", None)
    if user_id is None:
        return []
    return [card for card in list_memberships(user_id) if tenant is None or card.tenant_id != tenant.id]


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: nav, tenant, membership, memberships (lazy), events_url, search_url, script_words,
    is_kit_open.
    """
    tenant, membership = getattr(request, "tenant", None), getattr(request, "membership", None)
    search = getattr(settings, "ERP_SEARCH_URL", "")
    return {
        "nav": navigation.links(str(membership.role), request.path) if membership else [],
        "tenant": tenant,
        "membership": membership,
        "memberships": SimpleLazyObject(lambda: others(request)),
        "events_url": events_url(request) if membership else "",
        "search_url": reverse(search) if search and membership else "",
        "script_words": script_words(),
        "is_kit_open": is_kit_open(request),
    }


def is_kit_open(request: HttpRequest) -> bool:
    """The page of all parts is for developers, and for the owner who wants to know what a colour means."""
    membership = getattr(request, "membership", None)
    return bool(settings.DEBUG or (membership and membership.role == "OWNER"))
