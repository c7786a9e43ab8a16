"""Codes that a SKU answers to besides its own: what a shop calls the goods counts like a barcode."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from core import db
from core.errors import Conflict
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods
from inventory.services.catalogue import refuse_codes_of_bundles

_ADD = """
    INSERT INTO inventory_barcode (tenant_id, id, sku_id, code, quantity)
    SELECT %s, u.id, s.id, u.code, 1 FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) u(id, sku_id, code)
    JOIN inventory_sku s ON s.tenant_id = %s AND s.id = u.sku_id
    ON CONFLICT (tenant_id, code) DO UPDATE SET code = excluded.code WHERE inventory_barcode.sku_id = excluded.sku_id RETURNING code
"""


def add_barcodes(*, owners: Mapping[str, int], actor_id: int | None) -> None:
    """Code → SKU id: from now on the SKU answers to the code, for one unit.  What it has already stays.  Three statements.

    Raises Conflict `code_taken` for a bundle's code, `barcode_taken` when another SKU answers to it, UnknownGoods for
    a SKU that is not there.
    """
    if not owners:
        return
    codes, tenant_id = sorted(owners), current_tenant()
    refuse_codes_of_bundles([], codes)
    sku_ids = sorted(set(owners.values()))
    known = db.rows(
        "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND (id = ANY (%s::bigint[]) OR code = ANY (%s::text[]))",
        tenant_id,
        db.array(sku_ids),
        db.array(codes),
    )
    if {id_ for id_, _code in known} < set(sku_ids):
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sku_ids)
    _refuse([code for id_, code in known if code in owners and owners[code] != id_])
    written = db.rows(
        _ADD,
        tenant_id,
        db.array(db.new_ids(len(codes))),
        db.array([owners[code] for code in codes]),
        db.array(codes),
        tenant_id,
    )
    _refuse(sorted(set(codes) - {code for (code,) in written}))
    accounts.record("barcode", "sku", sku_ids[0], actor_id=actor_id, detail={"codes": codes})


def _refuse(taken: Sequence[str]) -> None:
    if taken:
        raise Conflict(
            _("编码 %(codes)s 已经是别的商品的。") % {"codes": "、".join(taken[:5])},
            code="barcode_taken",
            barcodes=dict.fromkeys(taken, ""),
        )
