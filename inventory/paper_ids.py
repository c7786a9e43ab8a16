"""The id of a paper that a page is for, sealed: made once a page, so that sending the page twice makes one paper.

Sealed, because an id that somebody chose could be another paper's.
"""

from django.core import signing

from core import db
from core.tenancy import current_tenant

_SALT = "inventory.paper"
DAY_S = 86_400


def new_paper_id() -> str:
    """An id for a paper to come, for this merchant."""
    return signing.dumps([current_tenant(), db.new_id()], salt=_SALT, compress=False)


def read_paper_id(text: str, *, max_age_s: int | None = None) -> int | None:
    """The id; None for anything that new_paper_id did not make for this merchant (within `max_age_s`)."""
    try:
        tenant_id, paper_id = signing.loads(text, salt=_SALT, max_age=max_age_s)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return int(paper_id) if tenant_id == current_tenant() else None
