"""Waves: what is on the floor, what could go there, one wave with its parcels."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import clock
from core.errors import Invalid
from core.web.access import needs_role
from core.web.parts import Column, State, Toast
from core.web.tables import Sort, list_page
from core.web.toasts import say
from inventory.access import facilities_of, get_facility
from inventory.queries import FacilityCard
from warehouse import queries
from warehouse.access import SEES, WORKS, get_wave, may_work
from warehouse.forms import RELEASE_MOST, ReleaseForm
from warehouse.models import Parcel, ParcelStatus, Wave, WaveStatus
from warehouse.queries import WaveCounts
from warehouse.services import floor, waves

_WAVE_HUES = {WaveStatus.RELEASED: "live", WaveStatus.PICKED: "warn", WaveStatus.SHIPPED: "done"}
_WAVE_ICONS = {WaveStatus.PICKED: "truck-loading"}
_PARCEL_HUES = {
    ParcelStatus.WAITING: "wait", ParcelStatus.PLANNED: "wait", ParcelStatus.RELEASED: "live", ParcelStatus.PICKED: "live",
    ParcelStatus.SHIPPED: "done", ParcelStatus.CANCELLED: "wait",
}  # fmt: skip
_PARCEL_ICONS = {ParcelStatus.PICKED: "package", ParcelStatus.CANCELLED: "circle-x"}


def wave_state(status: int, counts: WaveCounts | None = None, held: int = 0) -> State:
    """A wave's badge.  One that is being picked says so, and one of which only frozen parcels are left names them."""
    known = WaveStatus(status)
    if known == WaveStatus.RELEASED and counts is not None:
        if held and held >= counts.picking:
            return State("hold", _("%(n)s 个冻结") % {"n": held})
        if counts.picked or counts.shipped:
            return State("live", _("拣货中"))
    return State(_WAVE_HUES[known], known.label, _WAVE_ICONS.get(known, ""))


def parcel_state(status: int) -> State:
    known = ParcelStatus(status)
    return State(_PARCEL_HUES[known], known.label, _PARCEL_ICONS.get(known, ""))


def seconds_left(ship_by: datetime | None, now: datetime) -> float | None:
    return None if ship_by is None else (ship_by - now).total_seconds()


def chosen_facility(request: HttpRequest, facilities: Sequence[FacilityCard]) -> FacilityCard | None:
    asked = request.GET.get("facility", "")
    return next((card for card in facilities if str(card.id) == asked), None)


@require_GET
@needs_role(*SEES)
def wave_list(request: HttpRequest) -> HttpResponse:
    """Open waves by deadline, or the ones that left, newest first; above them what could be released."""
    return _wave_list(request, None)


def _wave_list(request: HttpRequest, form: ReleaseForm | None) -> HttpResponse:
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    chosen = chosen_facility(request, facilities)
    ids = [card.id for card in facilities if chosen is None or card.id == chosen.id]
    now = clock.opened_at()
    is_shipped = request.GET.get("tab") == "shipped"
    context: dict[str, Any] = {
        "facilities": facilities,
        "chosen": chosen,
        "is_shipped": is_shipped,
        "now": now,
    }
    if is_shipped:
        left = Wave.objects.select_related("tote").filter(facility_id__in=ids, status=WaveStatus.SHIPPED)
        page = list_page(
            request, left, sorts={"newest": Sort("created_at", is_descending=True)}, default="-newest"
        )
        context |= {"page": page, "rows": _rows(page.rows, facilities, now)}
    else:
        rows = _rows(queries.list_open_waves(ids), facilities, now)
        context["rows"] = sorted(
            rows, key=lambda row: (row["left_s"] is None, row["left_s"] or 0, row["wave"].id)
        )
    waiting = queries.list_waiting([card.id for card in facilities])
    names = {card.id: card.name for card in facilities}
    context |= {
        "columns": _columns(),
        "waiting": [
            (row, names[row.facility_id], seconds_left(row.ship_by, now), row.parcels >= queries.COUNT_MOST)
            for row in waiting
        ],
        "has_waiting": any(row.parcels for row in waiting),
        "form": form or _release_form(facilities, waiting),
        "can_work": may_work(request.membership),  # type: ignore[attr-defined]
    }
    return render(request, "warehouse/waves.html", context, status=422 if form else 200)


def _columns() -> list[Column]:
    return [
        Column(_("时限")), Column(_("波次号")), Column(_("仓库")), Column(_("车")), Column(_("进度")), Column(_("包裹"), is_number=True),
        Column(_("件数"), is_number=True), Column(_("下发")), Column(_("状态")),
    ]  # fmt: skip


def _rows(found: Sequence[Wave], facilities: Sequence[FacilityCard], now: datetime) -> list[dict[str, Any]]:
    counts = queries.count_waves([wave.id for wave in found])
    names = {card.id: card.name for card in facilities}
    return [
        {
            "wave": wave,
            "counts": counts.get(wave.id, WaveCounts()),
            "facility": names.get(wave.facility_id, ""),
            "state": wave_state(wave.status, counts.get(wave.id)),
            "left_s": seconds_left(counts.get(wave.id, WaveCounts()).ship_by, now),
            "segments": _segments(counts.get(wave.id, WaveCounts())),
        }
        for wave in found
    ]


def _segments(counts: WaveCounts) -> list[tuple[str, int]]:
    return [("done", counts.shipped), ("live", counts.picked)]


def _release_form(facilities: Sequence[FacilityCard], waiting: Sequence[queries.Waiting]) -> ReleaseForm:
    most = max(waiting, key=lambda row: row.parcels, default=None)
    initial = {"facility": most.facility_id, "parcels": max(1, min(waves.SIZE, most.parcels))} if most else {}
    form = ReleaseForm(initial=initial)
    form.fields["facility"].choices = [(card.id, card.name) for card in facilities]  # type: ignore[attr-defined]
    return form


@require_POST
@needs_role(*WORKS)
def release(request: HttpRequest) -> HttpResponse:
    """Send the most urgent parcels of a facility to the floor, as many carts as that takes."""
    facilities = facilities_of(request.membership)  # type: ignore[attr-defined]
    form = ReleaseForm(request.POST)
    form.fields["facility"].choices = [(card.id, card.name) for card in facilities]  # type: ignore[attr-defined]
    if not form.is_valid():
        return _wave_list(request, form)
    place = get_facility(request.membership, form.cleaned_data["facility"])  # type: ignore[attr-defined]
    done = waves.release(facility_id=place.id, limit=min(form.cleaned_data["parcels"], RELEASE_MOST))
    if not done.wave_ids:
        say(request, Toast(_why_none(place), "warn"))
        return redirect("warehouse:waves")
    text = _("下发了 %(waves)d 个波次，%(parcels)d 个包裹。") % {
        "waves": len(done.wave_ids),
        "parcels": len(done.parcel_ids),
    }
    if done.short:
        text += _("%(n)d 个包裹的货刚没了，退回审单。") % {"n": len(done.short)}
    say(
        request,
        Toast(
            text,
            "warn" if done.short else "done",
            link=reverse("warehouse:pick", args=[done.wave_ids[0]]),
            link_label=_("去拣"),
        ),
    )
    return redirect("warehouse:waves")


def _why_none(place: FacilityCard) -> str:
    waiting = queries.list_waiting([place.id])[0]
    if not waiting.parcels:
        return _("%(place)s 没有等波次的包裹，没下发。") % {"place": place.name}
    if not waiting.free_carts:
        return _("%(place)s 的车都在用，没下发。先把拣完的波次发掉。") % {"place": place.name}
    return _("%(place)s 的包裹刚被别人下发了。") % {"place": place.name}


@require_GET
@needs_role(*SEES)
def wave(request: HttpRequest, wave_id: int) -> HttpResponse:
    """One wave: its parcels by slot, their lines and lots, what is picked, what a hold keeps."""
    return render(request, "warehouse/wave.html", _wave_context(request, wave_id))


@require_GET
@needs_role(*SEES)
def paper(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The pick list on paper, for the day the scanners are down: in the order of the walk, with a box to tick."""
    context = _wave_context(request, wave_id)
    context["walk"] = queries.walk(context["picks"])
    return render(request, "warehouse/paper.html", context)


def _wave_context(request: HttpRequest, wave_id: int) -> dict[str, Any]:
    found, place = get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    now = clock.opened_at()
    parcels = queries.list_parcels_of_wave(wave_id)
    ids = [parcel.id for parcel in parcels]
    picks = queries.list_picks(wave_id)
    shipped = queries.list_shipped_lines(ids)
    counts = queries.count_waves([wave_id]).get(wave_id, WaveCounts())
    by_parcel: dict[int, list[queries.Pick]] = {id_: [] for id_ in ids}
    for pick in picks:
        if pick.parcel_id in by_parcel:
            by_parcel[pick.parcel_id].append(pick)
    open_picks = queries.walk(picks)
    held = {pick.parcel_id for pick in picks if pick.is_held}
    waiting = {pick.parcel_id for pick in open_picks} - held
    return {
        "wave": found,
        "place": place,
        "state": wave_state(found.status, counts, len(held)),
        "counts": counts,
        "segments": _segments(counts),
        "left_s": seconds_left(counts.ship_by, now),
        "parcels": [
            (parcel, parcel_state(parcel.status), by_parcel[parcel.id], shipped.get(parcel.id, []))
            for parcel in parcels
        ],
        "picks": picks,
        "left_out": max(0, found.parcel_count - len(parcels)),
        "is_large": found.parcel_count > queries.PARCELS_SHOWN,
        "open_lines": len(open_picks),
        "open_units": sum(pick.quantity for pick in open_picks),
        "can_confirm": counts.picking if found.parcel_count > queries.PARCELS_SHOWN else len(waiting),
        "held_parcels": len(held),
        "can_work": may_work(request.membership),  # type: ignore[attr-defined]
        "now": now,
    }


@require_POST
@needs_role(*WORKS)
def confirm_all(request: HttpRequest, wave_id: int) -> HttpResponse:
    """Picked by paper: everything of the wave that no hold keeps is on the cart."""
    get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    done = floor.confirm_picks(wave_ids=[wave_id], actor_id=request.user.pk)
    _say(
        request,
        _("拣好了 %(n)d 个包裹，%(units)d 件上车。"),
        len(done.parcel_ids),
        done.units,
        done.held,
        done.short,
    )
    return redirect("warehouse:wave", wave_id)


@require_POST
@needs_role(*WORKS)
def ship(request: HttpRequest, wave_id: int) -> HttpResponse:
    """What is picked leaves the building, with its lots."""
    get_wave(request.membership, wave_id)  # type: ignore[attr-defined]
    done = floor.ship(wave_ids=[wave_id], actor_id=request.user.pk)
    words = _("发了 %(n)d 个包裹，%(units)d 件出库。")
    _say(request, words, len(done.parcel_ids), done.units, done.held, done.short)
    return redirect("warehouse:wave", wave_id)


def _say(
    request: HttpRequest, words: str, parcels: int, units: int, held: Sequence[int], short: Sequence[int]
) -> None:
    text = words % {"n": parcels, "units": units}
    if held:
        text += _("%(n)d 个包裹的批次冻结了，留在原处。") % {"n": len(held)}
    if short:
        text += _("%(n)d 个包裹少了货，不能发，订单会挂起。") % {"n": len(short)}
    if not parcels and not held and not short:
        raise Invalid(_("没有要做的：可能刚做过了。"), code="nothing_left")
    say(request, Toast(text, "warn" if held or short else "done"))


def load_of(parcel: Parcel) -> str:
    """Weight for a person: unknown stays unknown."""
    return "—" if parcel.weight_g is None else f"{parcel.weight_g / 1000:.2f} kg"
