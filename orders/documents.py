"""Returns by number, for whoever shows a ledger row."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core.documents import Document, page_of
from orders.models import Return


def list_returns(ids: Sequence[int]) -> Mapping[int, Document]:
    """Returns among these ids; one statement."""
    return {
        id_: Document(_("退货 %(number)s") % {"number": number}, page_of("orders:return", id_))
        for id_, number in Return.objects.filter(id__in=list(ids)).values_list("id", "number")
    }
