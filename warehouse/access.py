"""Who may do what on the floor; whose waves and parcels a person may see is decided by inventory.access."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.accounts import Role
from core.models import Membership
from inventory.access import facilities_of
from inventory.queries import FacilityCard
from warehouse.errors import NoParcel, NoWave
from warehouse.models import Parcel, Wave

SEES = (Role.WAREHOUSE, Role.STORE, Role.OPERATOR, Role.QUALITY, Role.READONLY)
WORKS = (Role.WAREHOUSE, Role.STORE)


def may_work(membership: Membership) -> bool:
    """Whether this person has buttons, not only eyes."""
    return membership.role in (Role.OWNER, *WORKS)


def get_wave(membership: Membership, wave_id: int) -> tuple[Wave, FacilityCard]:
    """A wave of a facility that this person may see.  Raises NoWave, which looks the same for one that is not his."""
    wave = Wave.objects.select_related("tote").filter(id=wave_id).first()
    place = _place(facilities_of(membership), wave.facility_id if wave else 0)
    if wave is None or place is None:
        raise NoWave(_("没有这个波次，或者不归您管。"), wave_id=wave_id)
    return wave, place


def get_parcel(membership: Membership, parcel_id: int) -> tuple[Parcel, FacilityCard]:
    """Raises NoParcel."""
    parcel = Parcel.objects.select_related("wave", "carrier").defer("label").filter(id=parcel_id).first()
    place = _place(facilities_of(membership), parcel.facility_id if parcel else 0)
    if parcel is None or place is None:
        raise NoParcel(_("没有这个包裹，或者不归您管。"), parcel_id=parcel_id)
    return parcel, place


def _place(facilities: Sequence[FacilityCard], facility_id: int) -> FacilityCard | None:
    return next((card for card in facilities if card.id == facility_id), None)
