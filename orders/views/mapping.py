"""A code that nobody knows: what it is, said once and remembered, and the orders that waited for it let go together."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.errors import Invalid
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say
from inventory.models import Sku
from inventory.queries import GoodsCard, list_goods_by_code
from orders.access import ACTS
from orders.services import mapping

LOOKED_THROUGH = 5_000  # SKUs whose names are read: a pattern under row-level security would read them all
SHOWN, ALIKE = 20, 5
CODE_LENGTH, ID_LENGTH = 64, 16


@never_cache
@require_http_methods(["GET", "POST"])
@needs_role(*ACTS)
def codes(request: HttpRequest) -> HttpResponse:
    """?code= what the shop calls the goods, ?order= where the person came from, ?q= what he looks for."""
    code, order_id = _text(request, "code"), _text(request, "order")
    if not code:
        raise Invalid(_("没有说是哪个编码。"), code="no_code")
    if request.method == "POST":
        return _decide(request, code, order_id)
    text = _text(request, "q")
    known: GoodsCard | Sku | None = list_goods_by_code([code]).get(code)
    named = mapping.Named() if known else mapping.list_named([code]).get(code, mapping.Named())
    if (sku_id := mapping.find_listed(named)) is not None:
        known = Sku.objects.only("id", "code", "name").get(id=sku_id)
    context = {
        "code": code,
        "named": named,
        "q": text,
        "order_id": order_id if _is_id(order_id) else "",
        "known": known,
        "found": [] if known else _found(text) if text else _alike(code),
        "waiting": _waiting(code),
    }
    return render(request, "orders/codes.html", context)


def address(code: str, order_id: int) -> str:
    """The page about a code, for the order whose reason led there."""
    return f"{reverse('orders:codes')}?{urlencode({'code': code, 'order': order_id})}"


def _decide(request: HttpRequest, code: str, order_id: str) -> HttpResponse:
    asked = _text(request, "sku")
    here = f"{reverse('orders:codes')}?{urlencode({'code': code, 'order': order_id})}"
    if not _is_id(asked):
        raise Invalid(_("先选一个商品。"), code="no_sku")
    mapping.remember(code=code, sku_id=int(asked), actor_id=request.user.pk)
    name = Sku.objects.values_list("name", flat=True).get(id=int(asked))
    say(request, Toast(_("%(code)s 就是 %(name)s，记住了，以后自动配。") % {"code": code, "name": name}))
    return redirect(here)


def _text(request: HttpRequest, name: str) -> str:
    """A value of the address or the form; PostgreSQL has no text with NUL in it."""
    found = request.POST.get(name) or request.GET.get(name) or ""
    return found.replace("\0", "").strip()[:CODE_LENGTH]


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < ID_LENGTH


def _waiting(code: str) -> dict[str, Any]:
    """The stopped orders with this code, as the form of a release posts them."""
    stamps = mapping.list_waiting_for(code)
    return {
        "n": len(stamps),
        "ids": ",".join(map(str, stamps)),
        "stamps": ",".join(stamps.values()),
    }


def _found(text: str) -> Sequence[Sku | GoodsCard]:
    """A whole code or barcode first, else what has the text in its code or name."""
    whole = list_goods_by_code([text])
    if whole:
        return list(whole.values())
    wanted = text.casefold()
    return [sku for sku in _skus() if wanted in sku.code.casefold() or wanted in sku.name.casefold()][:SHOWN]


def _alike(code: str) -> Sequence[Sku]:
    """SKUs whose code looks like the one that nobody knows."""
    by_code = {sku.code.casefold(): sku for sku in _skus()}
    return [by_code[found] for found in get_close_matches(code.casefold(), list(by_code), n=ALIKE)]


def _skus() -> Sequence[Sku]:
    return list(Sku.objects.order_by("code").only("id", "code", "name")[:LOOKED_THROUGH])
