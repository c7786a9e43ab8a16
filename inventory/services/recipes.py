"""Recipes: what goes into one kit."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.errors import Invalid
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import UnknownGoods, WrongState
from inventory.models import RecipePart, Sku
from inventory.rules import kits

SHOWN = 5


@dataclass(frozen=True, slots=True)
class RecipeInput:
    """A kit by its SKU code and its parts by theirs, each once, with units above 0; no parts: it is no kit any more."""

    code: str
    parts: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class _Goods:
    id: int
    is_active: bool


def save_recipes(*, recipes: Sequence[RecipeInput], actor_id: int | None) -> dict[str, int]:
    """Give these SKUs exactly these parts; code -> SKU id.  At most seven statements, however many.

    A part may be a kit.  What was assembled before stays as it was made.  Locks the SKUs by id, then all recipes: two that are saved at
    the same time could close a circle that neither sees.  Raises Invalid `bad_recipe` (a part twice, or not above 0), `recipe_cycle`
    (`codes`: the way from the kit back to it), UnknownGoods (`codes`), WrongState `sku_archived` for an archived part that was none before.
    """
    if not recipes:
        return {}
    _refuse_bad(recipes)
    goods = _goods({recipe.code for recipe in recipes} | {code for r in recipes for code, _units in r.parts})
    db.lock(
        Rank.DOCUMENT,
        Sku,
        "id",
        "id = ANY (%s::bigint[])",
        db.array(sorted(card.id for card in goods.values())),
    )
    db.lock(Rank.DOCUMENT, RecipePart, "id", "true")
    known = _known()
    wanted = {
        goods[recipe.code].id: {goods[code].id: units for code, units in recipe.parts} for recipe in recipes
    }
    _refuse_archived(goods, wanted, known)
    _refuse_cycle({**{sku_id: list(parts) for sku_id, parts in known.items()}, **wanted})
    _write(wanted, known)
    ids = {recipe.code: goods[recipe.code].id for recipe in recipes}
    object_id = next(iter(ids.values())) if len(ids) == 1 else None
    accounts.record(
        "save_recipe",
        "sku",
        object_id,
        actor_id=actor_id,
        detail={"codes": sorted(ids)[:1000], "n": len(ids)},
    )
    return ids


def _refuse_bad(recipes: Sequence[RecipeInput]) -> None:
    seen: set[str] = set()
    for recipe in recipes:
        codes = [code for code, _units in recipe.parts]
        if (
            recipe.code in seen
            or len(set(codes)) != len(codes)
            or any(units <= 0 for _code, units in recipe.parts)
        ):
            raise Invalid(
                _("%(code)s 的配方里每种零件只写一次，数量大于 0。") % {"code": recipe.code},
                code="bad_recipe",
                sku=recipe.code,
            )
        seen.add(recipe.code)


def _goods(codes: Collection[str]) -> dict[str, _Goods]:
    found = {
        code: _Goods(id_, is_active)
        for code, id_, is_active in db.rows(
            "SELECT code, id, is_active FROM inventory_sku WHERE tenant_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            db.array(sorted(codes)),
        )
    }
    unknown = sorted(set(codes) - found.keys())
    if unknown:
        raise UnknownGoods(_("没有商品 %(codes)s。") % {"codes": "、".join(unknown[:SHOWN])}, codes=unknown)
    return found


def _known() -> dict[int, dict[int, int]]:
    known: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for sku_id, part_id, units in db.rows(
        "SELECT sku_id, part_id, quantity FROM inventory_recipepart WHERE tenant_id = %s", current_tenant()
    ):
        known[sku_id][part_id] = units
    return known


def _refuse_archived(
    goods: Mapping[str, _Goods],
    wanted: Mapping[int, Mapping[int, int]],
    known: Mapping[int, Mapping[int, int]],
) -> None:
    fresh = {part for sku_id, parts in wanted.items() for part in parts if part not in known.get(sku_id, ())}
    archived = sorted(code for code, card in goods.items() if card.id in fresh and not card.is_active)
    if archived:
        raise WrongState(
            _("%(codes)s 已归档，不能再放进配方。") % {"codes": "、".join(archived[:SHOWN])},
            code="sku_archived",
            codes=archived,
        )


def _refuse_cycle(graph: Mapping[int, Collection[int]]) -> None:
    way = kits.find_cycle(graph)
    if not way:
        return
    names = dict(
        db.rows(
            "SELECT id, code FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            db.array(sorted(set(way))),
        )
    )
    codes = [names[sku_id] for sku_id in way]
    raise Invalid(
        _("套装不能装进自己：%(way)s。") % {"way": " → ".join(codes)}, code="recipe_cycle", codes=codes
    )


def _write(wanted: Mapping[int, Mapping[int, int]], known: Mapping[int, Mapping[int, int]]) -> None:
    stale = [
        (sku_id, part)
        for sku_id, parts in wanted.items()
        for part, units in known.get(sku_id, {}).items()
        if parts.get(part) != units
    ]
    if stale:
        db.execute(
            "DELETE FROM inventory_recipepart p USING unnest(%s::bigint[], %s::bigint[]) u(sku_id, part_id)"
            " WHERE p.tenant_id = %s AND p.sku_id = u.sku_id AND p.part_id = u.part_id",
            db.array([sku_id for sku_id, _part in stale]),
            db.array([part for _sku, part in stale]),
            current_tenant(),
        )
    changed = [
        (sku_id, part, units)
        for sku_id, parts in wanted.items()
        for part, units in parts.items()
        if known.get(sku_id, {}).get(part) != units
    ]
    db.insert(
        RecipePart,
        ["id", "sku", "part", "quantity"],
        [(id_, *row) for id_, row in zip(db.new_ids(len(changed)), changed, strict=True)],
    )
