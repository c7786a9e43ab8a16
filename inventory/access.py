"""Whose stock a person may see: the membership's facilities, all of them when it names none; a store clerk never more than his own."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.accounts import Role
from core.errors import Forbidden
from core.models import Membership
from inventory.errors import UnknownPlace
from inventory.queries import FacilityCard, list_facilities, list_lot_facilities

SEES_NOTHING: tuple[int, ...] = (0,)  # no facility has this id


def facility_scope(membership: Membership) -> Sequence[int] | None:
    """The ids a person is bound to; None is every facility."""
    ids = [int(id_) for id_ in membership.facility_ids]
    if not ids:
        return SEES_NOTHING if membership.role == Role.STORE else None
    return ids


def facilities_of(membership: Membership) -> Sequence[FacilityCard]:
    """The facilities a person may see, warehouses first.  One statement."""
    return list_facilities(facility_scope(membership))


def get_facility(membership: Membership, facility_id: int) -> FacilityCard:
    """One of them.  Raises UnknownPlace, also for one that is there but not his: both look the same."""
    found = next((card for card in facilities_of(membership) if card.id == facility_id), None)
    if found is None:
        raise UnknownPlace(_("没有这个仓库，或者不归您管。"), facility_id=facility_id)
    return found


def require_lots_in_scope(membership: Membership, lot_ids: Sequence[int]) -> None:
    """A hold stops a lot everywhere, so who is bound to some facilities may hold only what lies in them.  Raises Forbidden."""
    scope = facility_scope(membership)
    if scope is None:
        return
    elsewhere = set(list_lot_facilities(lot_ids)) - set(scope)
    if elsewhere:
        raise Forbidden(
            _("这个批次在别的 %(n)d 个仓库也有，冻结会连那边一起停。找质量管理来做。")
            % {"n": len(elsewhere)},
            code="lot_elsewhere",
        )
