"""Reads of kits: recipes, what is enough for how many, papers of assembly, and which lots are in which."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from inventory.errors import UnknownDocument, UnknownGoods
from inventory.models import Sku
from inventory.models.bundles import AssemblyKind
from inventory.rules import kits
from inventory.rules.kits import Part
from inventory.sellable import list_shelves

_PARTS = """
    SELECT r.sku_id, s.id, s.code, s.name, s.unit, r.quantity, s.cost_minor, s.is_active, s.tracking FROM inventory_recipepart r
    JOIN inventory_sku s ON s.tenant_id = r.tenant_id AND s.id = r.part_id
    WHERE r.tenant_id = %s AND r.sku_id = ANY (%s::bigint[]) ORDER BY r.sku_id, s.code
"""

_ASSEMBLY = """
    SELECT a.id, a.number, a.kind, a.quantity, a.note, a.created_at, a.facility_id, f.name, s.id, s.code, s.name, s.unit, u.name
    FROM inventory_assembly a
    JOIN inventory_facility f ON f.tenant_id = a.tenant_id AND f.id = a.facility_id
    JOIN inventory_sku s ON s.tenant_id = a.tenant_id AND s.id = a.sku_id
    LEFT JOIN core_user u ON u.id = a.created_by
    WHERE a.tenant_id = %s AND a.id = %s
"""

# Of an assembly the parts are the lots that went in, of a taking apart those that came out; the other side is the kit's lot.
_LINKS = """
    SELECT k.assembly_id, kit.id, kit.code, kit.expires_on, part.id, part.code, part.expires_on, s.id, s.code, s.name, s.unit,
        CASE WHEN a.kind = 1 THEN k.quantity ELSE k.made END
    FROM inventory_lotlink k
    JOIN inventory_assembly a ON a.tenant_id = k.tenant_id AND a.id = k.assembly_id
    JOIN inventory_lot kit ON kit.tenant_id = k.tenant_id AND kit.id = CASE WHEN a.kind = 1 THEN k.to_lot_id ELSE k.from_lot_id END
    JOIN inventory_lot part ON part.tenant_id = k.tenant_id AND part.id = CASE WHEN a.kind = 1 THEN k.from_lot_id ELSE k.to_lot_id END
    JOIN inventory_sku s ON s.tenant_id = part.tenant_id AND s.id = part.sku_id
    WHERE k.tenant_id = %s AND k.assembly_id = ANY (%s::bigint[]) ORDER BY k.assembly_id, s.code, part.code
"""


@dataclass(frozen=True, slots=True)
class RecipeLine:
    """`quantity` units of a part in one kit."""

    sku_id: int
    code: str
    name: str
    unit: str
    quantity: int
    cost_minor: int | None
    is_active: bool
    tracking: int

    @property
    def part(self) -> Part:
        return Part(self.sku_id, self.quantity, self.cost_minor)


@dataclass(frozen=True, slots=True)
class KitCard:
    """A SKU as assembling needs it, with its recipe (no lines: it has none)."""

    id: int
    code: str
    name: str
    unit: str
    tracking: int
    shelf_life_days: int | None
    shelf_life_months: int | None
    cost_minor: int | None
    is_active: bool
    lines: tuple[RecipeLine, ...]

    @property
    def parts(self) -> list[Part]:
        return [line.part for line in self.lines]

    @property
    def parts_cost_minor(self) -> int | None:
        return kits.cost_minor(self.parts)


@dataclass(frozen=True, slots=True)
class Possible:
    """Kits that could be assembled now of what sells and is no parcel's; `by_part`: units of each part."""

    kits: int
    by_part: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class AssemblyPaper:
    """The head of a paper."""

    id: int
    number: str
    kind: AssemblyKind
    quantity: int
    note: str
    created_at: datetime
    facility_id: int
    facility_name: str
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    created_name: str | None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Units of one part's lot that went into, or came out of, the kits of one lot."""

    kit_lot_id: int
    kit_lot_code: str
    kit_expires_on: date | None
    lot_id: int
    lot_code: str
    expires_on: date | None
    sku_id: int
    sku_code: str
    sku_name: str
    unit: str
    quantity: int


def list_recipes(sku_ids: Collection[int]) -> dict[int, list[RecipeLine]]:
    """SKU -> its parts by code, for those that have a recipe.  One statement."""
    found: defaultdict[int, list[RecipeLine]] = defaultdict(list)
    for sku_id, *line in db.rows(_PARTS, current_tenant(), db.array(sorted(set(sku_ids)))):
        found[sku_id].append(RecipeLine(*line))
    return dict(found)


def get_kit(sku_id: int) -> KitCard:
    """A SKU with its recipe.  Raises UnknownGoods.  Two statements."""
    found = db.rows(
        "SELECT id, code, name, unit, tracking, shelf_life_days, shelf_life_months, cost_minor, is_active FROM inventory_sku"
        " WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        sku_id,
    )
    if not found:
        raise UnknownGoods(_("没有这个商品。"), sku_ids=[sku_id])
    return KitCard(*(*found[0], tuple(list_recipes([sku_id]).get(sku_id, ()))))


def list_kits(sku_ids: Collection[int]) -> dict[int, KitCard]:
    """The same for many; those that do not exist are left out.  Two statements."""
    found = db.rows(
        "SELECT id, code, name, unit, tracking, shelf_life_days, shelf_life_months, cost_minor, is_active FROM inventory_sku"
        " WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted(set(sku_ids))),
    )
    recipes = list_recipes(sku_ids)
    return {row[0]: KitCard(*(*row, tuple(recipes.get(row[0], ())))) for row in found}


def kit_skus() -> QuerySet[Sku]:
    """SKUs that have a recipe, for a list.  Recipes are hashed once: with EXISTS they could be walked for every SKU."""
    has_recipe = (
        "(inventory_sku.id IN (SELECT sku_id FROM inventory_recipepart WHERE tenant_id = %s)) IS TRUE"
    )
    return Sku.objects.filter(
        RawSQL(has_recipe, (current_tenant(),), output_field=BooleanField())  # noqa: S611  named
    )


def find_possible(facility_id: int, parts: Sequence[Part]) -> Possible:
    """What the shelves of a facility are enough for now.  At most three statements."""
    have: defaultdict[int, int] = defaultdict(int)
    for shelf in list_shelves(facility_id, [part.sku_id for part in parts]) if parts else ():
        have[shelf.sku_id] += shelf.available
    return Possible(kits.possible(parts, have), have)


def get_assembly(assembly_id: int) -> AssemblyPaper:
    """Raises UnknownDocument, also for another tenant's."""
    found = db.rows(_ASSEMBLY, current_tenant(), assembly_id)
    if not found:
        raise UnknownDocument(_("没有这张组装单。"), assembly_id=assembly_id)
    ((id_, number, kind, *rest),) = found
    return AssemblyPaper(id_, number, AssemblyKind(kind), *rest)


def list_links(assembly_ids: Iterable[int]) -> dict[int, list[LinkRow]]:
    """Paper -> the lots of its parts with the kit's lot.  One statement."""
    found: defaultdict[int, list[LinkRow]] = defaultdict(list)
    for assembly_id, *row in db.rows(_LINKS, current_tenant(), db.array(sorted(set(assembly_ids)))):
        found[assembly_id].append(LinkRow(*row))
    return found
