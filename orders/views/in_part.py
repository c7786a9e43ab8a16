"""Ship what is there now, the rest later, for chosen orders: seen first, then sent; and taken back as far as nothing has left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.web.access import needs_role
from core.web.formats import number
from core.web.parts import Text, Toast
from core.web.toasts import say
from inventory.models import Sku
from orders import wording
from orders.access import ACTS
from orders.models import Order
from orders.services import in_part
from orders.services.desk import Released
from orders.services.in_part import Part
from orders.views.marks import Chosen, read_choice, sentences, tell_left
from orders.views.order import weight_words


@dataclass(frozen=True, slots=True)
class Box:
    """A parcel that would go now."""

    items: Sequence[tuple[str, int]]
    weight: str
    freight_minor: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One order: what would go now, what would wait, and, where nothing goes, why."""

    id: int
    number: str
    currency: str
    boxes: Sequence[Box]
    waits: Sequence[tuple[str, int]]
    why: Sequence[Text]

    @property
    def going(self) -> int:
        return sum(units for box in self.boxes for _name, units in box.items)


@never_cache
@require_POST
@needs_role(*ACTS)
def ready_now(request: HttpRequest) -> HttpResponse:
    """What would go now of the chosen orders; with `go` they go.  Form: ids, stamps, and where to go back to."""
    chosen = read_choice(request)
    if request.POST.get("go"):
        done = in_part.go(order_ids=chosen.ids, actor_id=request.user.pk, seen=chosen.stamps)
        say(request, _said(len(chosen.ids), done))
        return redirect(_back(request))
    parts = in_part.preview(order_ids=chosen.ids)
    rows = _rows(parts)
    going = [row for row in rows if row.boxes]
    context = {
        "rows": [*going, *(row for row in rows if not row.boxes)],
        "going": len(going),
        "boxes": sum(len(row.boxes) for row in going),
        "units": sum(row.going for row in going),
        "back": _back(request),
        "is_cut": len(chosen.ids) > in_part.LOOKED_AT,
        "looked_at": in_part.LOOKED_AT,
        **_choice(chosen),
    }
    return render(request, "orders/ready_now.html", context)


@require_POST
@needs_role(*ACTS)
def take_back(request: HttpRequest) -> HttpResponse:
    """What has not left of the chosen orders waits for the rest again."""
    chosen = read_choice(request)
    done = in_part.take_back(order_ids=chosen.ids, actor_id=request.user.pk)
    parts = []
    if done.order_ids:
        words = _("收回了 %(n)s 单先发的包裹，等齐了一起发。")
        parts.append(words % {"n": number(len(done.order_ids))})
    if done.left:
        parts.append(_("%(n)s 单没有能收回的包裹。") % {"n": number(len(done.left))})
    say(request, tell_left(parts, bool(done.order_ids), done.left))
    return redirect(_back(request))


def _choice(chosen: Chosen) -> Mapping[str, str]:
    stamps = [chosen.stamps[id_] for id_ in chosen.ids]
    return {"ids": ",".join(map(str, chosen.ids)), "stamps": ",".join(stamps)}


def _back(request: HttpRequest) -> str:
    asked = request.POST.get("back", "")
    is_here = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_here else reverse("orders:workbench")


def _rows(parts: Sequence[Part]) -> list[Row]:
    """Two statements: names of goods, and currencies."""
    skus = {item.sku_id for part in parts for parcel in part.parcels for item in parcel.items}
    skus |= {sku_id for part in parts for _line, sku_id, _units in part.waits}
    names = dict(Sku.objects.filter(id__in=skus).values_list("id", "name"))
    ids = [part.order_id for part in parts]
    currencies = dict(Order.objects.filter(id__in=ids).values_list("id", "currency"))
    return [_row(part, names, currencies[part.order_id]) for part in parts]


def _row(part: Part, names: Mapping[int, str], currency: str) -> Row:
    unknown = str(_("编码没配上"))
    boxes = [
        Box(
            [(names.get(item.sku_id, unknown), item.quantity) for item in parcel.items],
            "" if parcel.weight_g is None else weight_words(parcel.weight_g),
            part.carriers[place].freight_minor if place < len(part.carriers) else None,
        )
        for place, parcel in enumerate(part.parcels)
    ]
    waits = [(names.get(sku_id, unknown), units) for _line, sku_id, units in part.waits]
    why = [wording.word_of(code).label for code in part.codes]
    return Row(part.order_id, part.number, currency, boxes, waits, why)


def _said(asked: int, done: Released) -> Toast:
    parts = []
    if done.in_part:
        parts.append(_("%(n)s 单先发有货的，剩下的到货自己接着走。") % {"n": number(len(done.in_part))})
    if done.order_ids:
        parts.append(_("%(n)s 单已经齐了，整单发。") % {"n": number(len(done.order_ids))})
    still = sorted(set(done.stopped) - set(done.in_part))
    if still:
        parts.append(_("%(n)s 单现在没有能发的，记住了，一到货就先发。") % {"n": number(len(still))})
    if done.changed:
        parts.append(_("%(n)s 单刚变了，没发，看一眼新的再来。") % {"n": number(len(done.changed))})
    went = len(done.in_part) + len(done.order_ids)
    if rest := asked - went - len(still) - len(done.changed):
        parts.append(_("%(n)s 单早就不停着了。") % {"n": number(rest)})
    if not done.changed and not still:
        return Toast(sentences(parts), "done" if went else "warn")
    return tell_left(parts, bool(went), [*still, *done.changed])
