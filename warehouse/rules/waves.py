"""Waves: which parcels are picked together, and in which order the bins are walked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum


class WaveKind(IntEnum):
    """Parcels that are picked and packed in the same way."""

    SINGLE = 1
    """One unit."""
    MULTI = 2
    BULKY = 3


@dataclass(frozen=True, slots=True)
class WaveParcel:
    """A released parcel. `ship_by` is a date or an instant, the same kind for all parcels of one call."""

    id: int
    kind: WaveKind
    ship_by: date


@dataclass(frozen=True, slots=True)
class WavePlan:
    """The parcels of one wave, most urgent first. `kind` is None where kinds are mixed on purpose."""

    kind: WaveKind | None
    parcel_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PickTask:
    """One task of a wave: units of one balance for one parcel; `sequence` is the place of its bin on the
    walk.
    """

    id: int
    sequence: int
    bin_id: int


def kind_of(*, units: int, bulky: bool) -> WaveKind:
    """The kind of a parcel by its content."""
    if bulky:
        return WaveKind.BULKY
    return WaveKind.SINGLE if units == 1 else WaveKind.MULTI


def plan_waves(
    parcels: Iterable[WaveParcel], size: int, *, kinds_apart: bool = False
) -> tuple[WavePlan, ...]:
    """Waves of at most `size` parcels, by deadline, then id; with `kinds_apart` each wave is of one kind.

    Law: every parcel is in exactly one wave, and within a kind no parcel waits for one with a later deadline.
    Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError("a wave holds at least one parcel")
    queues: dict[WaveKind | None, list[int]] = {}
    for parcel in sorted(parcels, key=lambda parcel: (parcel.ship_by, parcel.id)):
        queues.setdefault(parcel.kind if kinds_apart else None, []).append(parcel.id)
    return tuple(
        WavePlan(kind, tuple(queue[start : start + size]))
        for kind, queue in queues.items()
        for start in range(0, len(queue), size)
    )


def pick_order(tasks: Iterable[PickTask]) -> tuple[int, ...]:
    """Task ids in the order of the walk: bin sequence, then bin, so that a bin is visited once, then id."""
    walk = sorted(tasks, key=lambda task: (task.sequence, task.bin_id, task.id))
    return tuple(task.id for task in walk)
