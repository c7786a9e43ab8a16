"""Who may do what at the desk; whose orders a person may see is decided by inventory.access."""

from django.utils.translation import gettext as _

from core import options
from core.accounts import Role
from core.models import Membership
from inventory.access import facility_scope
from orders import options as settings
from orders.errors import NoOrder
from orders.models import Order
from orders.queries import list_orders

SEES = (Role.OPERATOR, Role.WAREHOUSE, Role.QUALITY, Role.FINANCE, Role.READONLY)
ACTS = (Role.OPERATOR,)
MAY_BE_GIVEN_PEOPLE = (Role.OPERATOR, Role.QUALITY, Role.FINANCE)  # never warehouse, store or read-only


def may_act(membership: Membership) -> bool:
    """Whether this person has buttons, not only eyes."""
    return membership.role in (Role.OWNER, *ACTS)


def may_unmask(membership: Membership) -> bool:
    """Whether this person may see receivers in clear: the owner, and the roles that the tenant named among those that may be."""
    if membership.role == Role.OWNER:
        return True
    return membership.role in MAY_BE_GIVEN_PEOPLE and membership.role in options.get(settings.UNMASK_ROLES)


def get_order(membership: Membership, order_id: int) -> Order:
    """An order of a facility that this person may see, with its channel and facility.

    Raises NoOrder, which looks the same for one that is not his.
    """
    orders = list_orders(facility_scope(membership)).select_related("channel", "facility")
    found = orders.filter(id=order_id).first()
    if found is None:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=order_id)
    return found
