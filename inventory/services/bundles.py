"""Bundles: sold as one, stocked as several."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.errors import Conflict, Invalid
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import Bundle, BundlePart

SHOWN = 5


@dataclass(frozen=True, slots=True)
class BundleInput:
    """A bundle as it is entered: its parts by SKU code, each once, with units above 0.  `is_cartons`: one product in several cartons."""

    code: str
    name: str
    parts: Sequence[tuple[str, int]]
    is_cartons: bool = False


def save_bundles(bundles: Sequence[BundleInput], *, actor_id: int | None = None) -> dict[str, int]:
    """Make these bundles or bring them up to date, each with exactly its parts; code -> id.  At most nine statements, however many.

    A part is a SKU, so there is no second level.  Locks the bundles by id.  Raises Invalid `bad_bundle` for one without parts or with a
    part twice, UnknownGoods for parts that are no SKU (`codes`), Conflict `code_taken` when a code is a SKU's or a barcode, WrongState
    `sku_archived` for an archived SKU that was no part before.
    """
    if not bundles:
        return {}
    _refuse_empty(bundles)
    bundles = sorted(bundles, key=lambda bundle: bundle.code)
    tenant_id = current_tenant()
    _refuse_codes_of_skus([b.code for b in bundles])
    skus = _skus({code for b in bundles for code, _units in b.parts})
    ids = dict(
        db.rows(
            "INSERT INTO inventory_bundle (tenant_id, id, code, name, is_cartons) SELECT %s, u.* FROM unnest(%s::bigint[], %s::text[],"
            " %s::text[], %s::boolean[]) u ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name,"
            " is_cartons = excluded.is_cartons RETURNING code, id",
            tenant_id,
            db.array(db.new_ids(len(bundles))),
            db.array([b.code for b in bundles]),
            db.array([b.name for b in bundles]),
            db.array([b.is_cartons for b in bundles]),
        )
    )
    db.lock(Rank.DOCUMENT, Bundle, "id", "id = ANY (%s::bigint[])", db.array(sorted(ids.values())))
    _save_parts({(ids[b.code], skus[code][0]): units for b in bundles for code, units in b.parts}, skus, ids)
    if actor_id is not None:
        object_id = ids[bundles[0].code] if len(bundles) == 1 else None
        accounts.record(
            "save", "bundle", object_id, actor_id=actor_id, detail={"codes": [b.code for b in bundles][:1000]}
        )
    return ids


def _refuse_empty(bundles: Sequence[BundleInput]) -> None:
    for bundle in bundles:
        codes = [code for code, _units in bundle.parts]
        if not codes or len(set(codes)) != len(codes) or any(units <= 0 for _code, units in bundle.parts):
            raise Invalid(
                _("组合装 %(code)s 要有子件，每种只写一次，数量大于 0。") % {"code": bundle.code},
                code="bad_bundle",
                bundle=bundle.code,
            )


def _refuse_codes_of_skus(codes: Collection[str]) -> None:
    tenant_id, wanted = current_tenant(), db.array(sorted(set(codes)))
    found = db.rows(
        "SELECT code FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])"
        " UNION SELECT code FROM inventory_barcode WHERE tenant_id = %s AND code = ANY (%s::text[]) ORDER BY 1",
        tenant_id,
        wanted,
        tenant_id,
        wanted,
    )
    if found:
        taken = [row[0] for row in found]
        raise Conflict(
            _("%(codes)s 已经是商品的编码或条码，组合装换一个编码。") % {"codes": "、".join(taken[:SHOWN])},
            code="code_taken",
            codes=taken,
        )


def _skus(codes: Collection[str]) -> dict[str, tuple[int, bool]]:
    """code -> (id, is active).  Raises UnknownGoods."""
    found = {
        code: (id_, is_active)
        for code, id_, is_active in db.rows(
            "SELECT code, id, is_active FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            db.array(sorted(codes)),
        )
    }
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise UnknownGoods(
            _("没有商品 %(codes)s。组合装里只能放商品，不能放组合装。")
            % {"codes": "、".join(unknown[:SHOWN])},
            codes=unknown,
        )
    return found


def _save_parts(
    wanted: Mapping[tuple[int, int], int], skus: Mapping[str, tuple[int, bool]], ids: Mapping[str, int]
) -> None:
    tenant_id, bundle_ids = current_tenant(), db.array(sorted(ids.values()))
    known = {
        (bundle_id, sku_id): units
        for bundle_id, sku_id, units in db.rows(
            "SELECT bundle_id, sku_id, quantity FROM inventory_bundlepart WHERE tenant_id = %s AND bundle_id = ANY (%s::bigint[])",
            tenant_id,
            bundle_ids,
        )
    }
    fresh = {sku_id for _bundle, sku_id in wanted.keys() - known.keys()}
    archived = sorted(code for code, (id_, is_active) in skus.items() if id_ in fresh and not is_active)
    if archived:
        raise WrongState(
            _("%(codes)s 已归档，不能再放进组合装。") % {"codes": "、".join(archived[:SHOWN])},
            code="sku_archived",
            codes=archived,
        )
    changed = [(*pair, units) for pair, units in wanted.items() if known.get(pair) != units]
    stale = [pair for pair in known if wanted.get(pair) != known[pair]]
    if stale:
        db.execute(
            "DELETE FROM inventory_bundlepart p USING unnest(%s::bigint[], %s::bigint[]) u(bundle_id, sku_id)"
            " WHERE p.tenant_id = %s AND p.bundle_id = u.bundle_id AND p.sku_id = u.sku_id",
            db.array([bundle_id for bundle_id, _sku in stale]),
            db.array([sku_id for _bundle, sku_id in stale]),
            tenant_id,
        )
    new_ids = db.new_ids(len(changed))
    db.insert(
        BundlePart,
        ["id", "bundle", "sku", "quantity"],
        [(id_, *row) for id_, row in zip(new_ids, changed, strict=True)],
    )


def archive_bundles(*, bundle_ids: Collection[int], actor_id: int | None) -> int:
    """Take bundles out of the list of things to sell; how many were not archived before.  Orders that came in with their code are still
    expanded.  Raises UnknownGoods."""
    return _set_active(bundle_ids, is_active=False, actor_id=actor_id)


def restore_bundles(*, bundle_ids: Collection[int], actor_id: int | None) -> int:
    """The way back.  Raises UnknownGoods."""
    return _set_active(bundle_ids, is_active=True, actor_id=actor_id)


def _set_active(bundle_ids: Collection[int], *, is_active: bool, actor_id: int | None) -> int:
    tenant_id, wanted = current_tenant(), db.array(sorted(set(bundle_ids)))
    found = db.lock(Rank.DOCUMENT, Bundle, "id, is_active", "id = ANY (%s::bigint[])", wanted)
    unknown = set(bundle_ids) - {row[0] for row in found}
    if unknown:
        raise UnknownGoods(_("没有这个组合装。"), code="bundle_not_found", bundle_ids=sorted(unknown))
    changed = [id_ for id_, was_active in found if was_active != is_active]
    if changed:
        db.execute(
            "UPDATE inventory_bundle SET is_active = %s WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            is_active,
            tenant_id,
            db.array(changed),
        )
        action, object_id = ("restore" if is_active else "archive"), changed[0] if len(changed) == 1 else None
        accounts.record(action, "bundle", object_id, actor_id=actor_id, detail={"ids": changed[:1000]})
    return len(changed)
