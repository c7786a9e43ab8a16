"""Products and categories: what SKUs are grouped by."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.errors import Conflict, Invalid
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods
from inventory.models import Category
from inventory.rules.goods_table import PATH_LONGEST, SEPARATOR, tidy_path


@dataclass(frozen=True, slots=True)
class ProductInput:
    """What a shop shows as one thing."""

    code: str
    name: str
    brand: str = ""


def save_products(products: Sequence[ProductInput], *, actor_id: int | None = None) -> dict[str, int]:
    """Make these products or bring them up to date; code -> id.  At most two statements."""
    if not products:
        return {}
    ids = dict(
        db.rows(
            "INSERT INTO inventory_product (tenant_id, id, code, name, brand) SELECT %s, u.* FROM unnest(%s::bigint[], %s::text[],"
            " %s::text[], %s::text[]) u ON CONFLICT (tenant_id, code) DO UPDATE SET name = excluded.name, brand = excluded.brand"
            " RETURNING code, id",
            current_tenant(),
            db.array(db.new_ids(len(products))),
            db.array([p.code for p in products]),
            db.array([p.name for p in products]),
            db.array([p.brand for p in products]),
        )
    )
    if actor_id is not None:
        object_id = ids[products[0].code] if len(products) == 1 else None
        accounts.record(
            "save",
            "product",
            object_id,
            actor_id=actor_id,
            detail={"codes": [p.code for p in products][:1000]},
        )
    return ids


def ensure_products(codes: Collection[str]) -> dict[str, int]:
    """Ids of these products; those that are not there are made, named by their code.  At most two statements."""
    known = find_product_ids(codes)
    return known | save_products([ProductInput(code, code) for code in sorted(set(codes) - known.keys())])


def find_product_ids(codes: Collection[str]) -> dict[str, int]:
    """code -> id, for those that exist."""
    return dict(
        db.rows(
            "SELECT code, id FROM inventory_product WHERE tenant_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            db.array(sorted(set(codes))),
        )
    )


def ensure_categories(paths: Collection[str]) -> dict[str, int]:
    """Ids of these categories by their tidy path; those that are not there are made.  One statement.  Raises Invalid for a path that is
    empty or longer than 120 characters."""
    tidy = sorted({tidy_path(path) for path in paths})
    if not tidy:
        return {}
    for path in tidy:
        if not path or len(path) > PATH_LONGEST:
            raise Invalid(_("分类要填，最多 %(n)d 个字。") % {"n": PATH_LONGEST}, code="bad_category")
    return dict(
        db.rows(
            "INSERT INTO inventory_category AS c (tenant_id, id, path) SELECT %s, u.* FROM unnest(%s::bigint[], %s::text[]) u"
            " ON CONFLICT (tenant_id, path) DO UPDATE SET path = excluded.path RETURNING path, id",
            current_tenant(),
            db.array(db.new_ids(len(tidy))),
            db.array(tidy),
        )
    )


def rename_category(*, category_id: int, path: str, actor_id: int | None) -> int:
    """Give a category another path; what lies below it moves along.  How many paths changed.

    Locks the categories.  Raises UnknownGoods, Invalid `bad_category`, Conflict `category_taken` when one of the new paths is another's.
    """
    new = tidy_path(path)
    found: Mapping[int, str] = dict(db.lock(Rank.DOCUMENT, Category, "id, path", "true"))
    if category_id not in found:
        raise UnknownGoods(_("没有这个分类。"), code="category_not_found", category_id=category_id)
    old = found[category_id]
    if new == old:
        return 0
    below = f"{old}{SEPARATOR}"
    if new.startswith(below) or old.startswith(f"{new}{SEPARATOR}"):
        raise Conflict(_("分类不能搬进自己里面，也不能并进上一层。"), code="category_taken", path=new)
    moved = {
        id_: new + path_[len(old) :]
        for id_, path_ in found.items()
        if path_ == old or path_.startswith(below)
    }
    if not new or max(map(len, moved.values())) > PATH_LONGEST:
        raise Invalid(_("分类要填，最多 %(n)d 个字。") % {"n": PATH_LONGEST}, code="bad_category")
    if taken := {path_ for id_, path_ in found.items() if id_ not in moved} & set(moved.values()):
        raise Conflict(
            _("已经有分类 %(path)s 了。") % {"path": min(taken)}, code="category_taken", path=min(taken)
        )
    db.execute(
        "UPDATE inventory_category c SET path = u.path FROM unnest(%s::bigint[], %s::text[]) u(id, path)"
        " WHERE c.tenant_id = %s AND c.id = u.id",
        db.array(list(moved)),
        db.array(list(moved.values())),
        current_tenant(),
    )
    accounts.record("rename", "category", category_id, actor_id=actor_id, detail={"from": old, "to": new})
    return len(moved)
