"""What assembling and taking apart have in common: one paper that is done when it is written, and its links.

In the ledger what goes in is USED and what comes out is MADE, with no other side.  The links say which lot went into which, in both
directions, so that a trace forward from a lot finds the kits it is in and also the lots that parts of these kits were put back to.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.services import accounts
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, WrongState
from inventory.models import UNITS_MOST, Assembly, LotLink
from inventory.models.bundles import AssemblyKind
from inventory.queries.kits import KitCard
from inventory.services.moving import Moved
from inventory.services.places import WORK_KINDS, require_bins

KIND = "KIT"


@dataclass(frozen=True, slots=True)
class AssemblyResult:
    """`lot_id`: the kit's lot; `cost_minor`: what the parts of one kit cost, None while unknown; `moved`: what it cost others.
    `is_new` is False when this paper was written before and nothing was done again.
    """

    assembly_id: int
    number: str
    lot_id: int
    cost_minor: int | None = None
    moved: Moved | None = None
    is_new: bool = True


def check_quantity(quantity: int) -> None:
    if not 0 < quantity <= UNITS_MOST:
        raise BadQuantity(_("套数要大于 0，也不能太大。"), quantity=quantity)


def refuse_bin(facility_id: int, bin_id: int) -> None:
    """Goods are put only where papers may put them."""
    place = require_bins(facility_id, {bin_id}, filled={bin_id})[bin_id]
    if place.kind in WORK_KINDS:
        raise WrongState(
            _("%(bin)s 是%(kind)s，只放拣好的货。") % {"bin": place.code, "kind": place.kind.label},
            code="work_bin",
            bin=place.code,
        )


def find_earlier(assembly_id: int) -> AssemblyResult | None:
    """A paper that was written before, under the anchors' lock: the same form sent twice has the same SKUs."""
    found = db.rows(
        "SELECT a.number, CASE WHEN a.kind = 1 THEN k.to_lot_id ELSE k.from_lot_id END FROM inventory_assembly a"
        " JOIN inventory_lotlink k ON k.tenant_id = a.tenant_id AND k.assembly_id = a.id WHERE a.tenant_id = %s AND a.id = %s LIMIT 1",
        current_tenant(),
        assembly_id,
    )
    return AssemblyResult(assembly_id, found[0][0], found[0][1], is_new=False) if found else None


def write_paper(
    id_: int,
    number: str,
    facility_id: int,
    kind: AssemblyKind,
    sku_id: int,
    quantity: int,
    note: str,
    actor_id: int | None,
) -> None:
    db.insert(
        Assembly,
        ["id", "number", "facility", "kind", "sku", "quantity", "note", "created_by"],
        [(id_, number, facility_id, int(kind), sku_id, quantity, note, actor_id)],
    )


def write_links(links: Sequence[tuple[int, int, int, int, int]]) -> None:
    db.insert(
        LotLink,
        ["id", "assembly", "from_lot", "to_lot", "quantity", "made"],
        [(id_, *link) for id_, link in zip(db.new_ids(len(links)), links, strict=True)],
    )


def record_paper(
    action: str, id_: int, number: str, kit: KitCard, quantity: int, actor_id: int | None
) -> None:
    accounts.record(
        action,
        "assembly",
        id_,
        actor_id=actor_id,
        detail={"number": number, "sku": kit.code, "quantity": quantity},
    )
