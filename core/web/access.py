"""Who may open a page: the role of the membership decides, and the owner may open all."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from core.accounts import Role
from core.errors import Forbidden

View = Callable[..., HttpResponseBase]


def needs_role(*roles: Role) -> Callable[[View], View]:
    """Decorator: the view is for these roles and the owner.  Raises Forbidden, which names the roles that
    may.
    """

    def wrap(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            membership = getattr(request, "membership", None)
            if membership is None or membership.role not in (Role.OWNER, *roles):
                names = "、".join(str(role.label) for role in roles) or str(Role.OWNER.label)
                raise Forbidden(
                    _("这一页给%(roles)s用。要看的话，找老板改您的角色。") % {"roles": names},
                    code="role_needed",
                )
            return view(request, *args, **kwargs)

        return guarded

    return wrap
