"""Lots that somebody holds in his hand: found goods, goods that came without a paper."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from core import clock, db
from core.tenancy import current_tenant
from inventory.errors import LotDiffers


@dataclass(frozen=True, slots=True)
class LotInput:
    """A lot as it is read off the goods.  No expiry date: of a lot that is known, whatever it has; of a new one, it never expires."""

    sku_id: int
    code: str
    expires_on: date | None = None


def find_or_make_lots(lots: Sequence[LotInput]) -> Mapping[tuple[int, str], int]:
    """(SKU, code) -> lot id, for lots of SKUs that exist; new ones are made, received today.  Two statements.

    Raises LotDiffers for a lot that is known, or named twice, with another expiry date.
    """
    wanted: dict[tuple[int, str], LotInput] = {}
    for lot in lots:
        first = wanted.setdefault((lot.sku_id, lot.code), lot)
        if first.expires_on != lot.expires_on:
            raise LotDiffers(_("批次 %(lot)s 写了两个到期日。") % {"lot": lot.code}, lot=lot.code)
    keys = sorted(wanted)
    columns = (db.array([key[0] for key in keys]), db.array([key[1] for key in keys]))
    db.execute(
        "INSERT INTO inventory_lot (tenant_id, id, sku_id, code, expires_on, received_on)"
        " SELECT %s, u.id, u.sku_id, u.code, u.expires_on, %s FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::date[])"
        " u(id, sku_id, code, expires_on) ON CONFLICT (tenant_id, sku_id, code) DO NOTHING",
        current_tenant(),
        clock.today(),
        db.array(db.new_ids(len(keys))),
        *columns,
        db.array([wanted[key].expires_on for key in keys]),
    )
    found: dict[tuple[int, str], int] = {}
    for lot_id, sku_id, code, expires_on in db.rows(
        "SELECT l.id, l.sku_id, l.code, l.expires_on FROM inventory_lot l JOIN unnest(%s::bigint[], %s::text[]) u(sku_id, code)"
        " ON l.sku_id = u.sku_id AND l.code = u.code WHERE l.tenant_id = %s",
        *columns,
        current_tenant(),
    ):
        asked = wanted[sku_id, code].expires_on
        if asked is not None and asked != expires_on:
            raise LotDiffers(
                _("批次 %(lot)s 已有，到期日不同。") % {"lot": code}, lot=code, known=str(expires_on)
            )
        found[sku_id, code] = lot_id
    return found
