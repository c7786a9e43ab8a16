"""The papers of stock by number, for whoever shows a ledger row."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core import db
from core.documents import Document, page_of
from core.tenancy import current_tenant

_PAPERS = (
    ("receipt", "reference"),
    ("transfer", "number"),
    ("adjustment", "number"),
    ("stockcount", "number"),
    ("assembly", "number"),
)
_STATEMENT = " UNION ALL ".join(
    f"SELECT id, '{table}', {name} FROM inventory_{table} WHERE tenant_id = %s AND id = ANY (%s::bigint[])"
    for table, name in _PAPERS
)
_PAGES = {
    "receipt": "inventory:receipt",
    "transfer": "inventory:transfer",
    "adjustment": "inventory:adjustment",
    "stockcount": "inventory:count",
    "assembly": "inventory:assembly",
}


def list_papers(ids: Sequence[int]) -> Mapping[int, Document]:
    """Receipts, transfers, adjustments, counts and assemblies among these ids; one statement."""
    words = {
        "receipt": _("收货 %(number)s"),
        "transfer": _("调拨 %(number)s"),
        "adjustment": _("调整 %(number)s"),
        "stockcount": _("盘点 %(number)s"),
        "assembly": _("组装 %(number)s"),
    }
    params = (current_tenant(), db.array(ids)) * len(_PAPERS)
    return {
        id_: Document(words[table] % {"number": number}, page_of(_PAGES[table], id_))
        for id_, table, number in db.rows(_STATEMENT, *params)
    }
