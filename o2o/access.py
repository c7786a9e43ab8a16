"""Who may look at the rounds, and for which stores a person may grab."""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from core.accounts import Role
from core.models import Membership
from inventory.access import facilities_of, facility_scope
from inventory.models import FacilityKind
from inventory.queries import FacilityCard
from o2o.errors import NotYourStore

SEES = (Role.OPERATOR, Role.WAREHOUSE, Role.READONLY)
DISPATCHES = (Role.OPERATOR,)
GRABS = (Role.STORE, Role.OPERATOR)


def stores_of(membership: Membership) -> Sequence[FacilityCard]:
    """The stores a person works for.  One statement."""
    return [card for card in facilities_of(membership) if card.kind == FacilityKind.STORE]


def get_store(membership: Membership, facility_id: int) -> FacilityCard:
    """One of them.  Raises NotYourStore, also for one that is not there: both look the same."""
    found = next((card for card in stores_of(membership) if card.id == facility_id), None)
    if found is None:
        raise NotYourStore(_("这家店不归您管。"), facility_id=facility_id)
    return found


def require_store(membership: Membership, facility_id: int) -> None:
    """For the API and other edges: no statement.  Raises NotYourStore."""
    scope = facility_scope(membership)
    if scope is not None and facility_id not in scope:
        raise NotYourStore(_("这家店不归您管。"), facility_id=facility_id)
