"""Parcels and waves by number, for whoever shows a ledger row or a promise."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core import db
from core.documents import Document, page_of
from core.tenancy import current_tenant

_STATEMENT = """
    SELECT id, id, NULL FROM warehouse_parcel WHERE tenant_id = %s AND id = ANY (%s::bigint[])
    UNION ALL
    SELECT id, id, code FROM warehouse_wave WHERE tenant_id = %s AND id = ANY (%s::bigint[])
    UNION ALL
    SELECT a.id, w.id, w.code FROM core_auditentry a JOIN warehouse_wave w ON w.tenant_id = a.tenant_id AND w.id = a.object_id
    WHERE a.tenant_id = %s AND a.id = ANY (%s::bigint[]) AND a.object_kind = 'wave'
"""


def list_handlings(ids: Sequence[int]) -> Mapping[int, Document]:
    """Parcels, waves and confirmed picks of waves among these ids; one statement."""
    params = (current_tenant(), db.array(ids)) * 3
    found = {}
    for id_, page_id, wave in db.rows(_STATEMENT, *params):
        if wave is None:
            found[id_] = Document(_("包裹 P%(id)d") % {"id": id_}, page_of("warehouse:parcel", page_id))
        else:
            found[id_] = Document(_("波次 %(code)s") % {"code": wave}, page_of("warehouse:wave", page_id))
    return found
