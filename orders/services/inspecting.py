"""What somebody sees of goods that came back: good ones are for sale again, damaged ones lie aside, and then the return is done."""

from django.utils.translation import gettext as _

from core import db
from core.tenancy import current_tenant
from inventory.models import Bin, BinKind, MoveKind
from inventory.models.goods import Tracking
from inventory.models.places import SELLING_KINDS
from inventory.services import moving
from inventory.services.ledger import MoveRow, find_or_make_balances
from orders.errors import BadOrder, LotNotKnown, NoReturn, NotReturnable
from orders.models import LotProof, ReturnState
from orders.services.returns import first_bin, lock_return, tell


def inspect(
    *, item_id: int, good: int, damaged: int, actor_id: int | None, to_bin_id: int | None = None
) -> None:
    """What somebody saw of a row's units so far: `good` are back for sale in their bin, `damaged` are aside.

    Both are counted from the start, so the same again changes nothing.  Locks the return, then stock.  Raises NoReturn, NotReturnable,
    BadOrder (more than came, or fewer than before), LotNotKnown, NoQuarantine, StockShort when the units are not in quarantine any more.
    """
    row = db.rows(
        "SELECT return_doc_id FROM orders_returnitem WHERE tenant_id = %s AND id = %s",
        current_tenant(),
        item_id,
    )
    if not row:
        raise NoReturn(_("没有这个退货，或者不归您管。"), item_id=item_id)
    found = lock_return(row[0][0])
    ((sku_id, lot_id, bin_id, proof, units, was_good, was_damaged, tracking),) = db.rows(
        "SELECT i.sku_id, i.lot_id, i.bin_id, i.proof, i.units, i.good, i.damaged, s.tracking FROM orders_returnitem i"
        " JOIN inventory_sku s ON s.tenant_id = i.tenant_id AND s.id = i.sku_id WHERE i.tenant_id = %s AND i.id = %s",
        current_tenant(),
        item_id,
    )
    if (good, damaged) == (was_good, was_damaged):
        return
    if found.state not in (ReturnState.UNKNOWN, ReturnState.RECEIVED) or found.facility_id is None:
        raise NotReturnable(_("这个退货已经处理完了。"), return_id=found.id)
    if good < was_good or damaged < was_damaged or good + damaged > units:
        raise BadOrder(
            _("一共 %(n)d 件，好的加坏的不能更多，也不能比上次少。") % {"n": units}, code="bad_units"
        )
    if good > was_good and proof == LotProof.NOT_KNOWN and tracking != Tracking.NONE:
        raise LotNotKnown(_("批次不清的货不能再卖，只能放到残次区。"), item_id=item_id)
    targets = []
    if good > was_good:
        targets.append((good - was_good, _selling_bin(found.facility_id, to_bin_id, sku_id, lot_id)))
    if damaged > was_damaged:
        targets.append((damaged - was_damaged, first_bin(found.facility_id, BinKind.DAMAGED)))
    places = [(found.facility_id, to, sku_id, lot_id) for to in (bin_id, *(to for _n, to in targets))]
    balances = find_or_make_balances(places)
    moving.move_stock(
        facility_id=found.facility_id,
        moves=[
            MoveRow(MoveKind.TRANSFER, n, balances[bin_id, lot_id], balances[to, lot_id], found.id, item_id)
            for n, to in targets
        ],
        actor_id=actor_id,
    )
    db.execute(
        "UPDATE orders_returnitem SET good = %s, damaged = %s WHERE tenant_id = %s AND id = %s",
        good,
        damaged,
        current_tenant(),
        item_id,
    )
    tell("ReturnsInspected", "inspect_return", [found.id], actor_id)


def _selling_bin(facility_id: int, bin_id: int | None, sku_id: int, lot_id: int) -> int:
    """The bin that was chosen, else the one where the lot lies, else the goods.  Raises BadOrder."""
    found = (
        find_home(facility_id, sku_id, lot_id)
        if bin_id is None
        else Bin.objects.filter(id=bin_id, facility_id=facility_id, kind__in=SELLING_KINDS, is_active=True)
        .values_list("id", flat=True)
        .first()
    )
    if found is None:
        raise BadOrder(_("放回哪个货位？要能卖的货位。"), code="no_bin", field="bin")
    return int(found)


def find_home(facility_id: int, sku_id: int, lot_id: int) -> int | None:
    """A selling bin where this lot lies, else its goods."""
    found = db.rows(
        "SELECT n.id FROM inventory_balance b JOIN inventory_bin n ON n.tenant_id = b.tenant_id AND n.id = b.bin_id"
        " WHERE b.tenant_id = %s AND b.facility_id = %s AND b.sku_id = %s AND n.kind IN (0, 1) AND n.is_active"
        " ORDER BY b.lot_id <> %s, b.on_hand = 0, n.kind, n.sequence, n.id LIMIT 1",
        current_tenant(),
        facility_id,
        sku_id,
        lot_id,
    )
    return found[0][0] if found else None


def close(*, return_id: int, note: str = "", actor_id: int | None) -> None:
    """Everything of it was looked at; what did not come is missing, and says so on its page.  Locks the return.

    Raises NoReturn, NotReturnable while nobody knows whose it is, or units wait for a look.
    """
    found = lock_return(return_id)
    if found.state == ReturnState.CLOSED:
        return
    if found.state != ReturnState.RECEIVED:
        raise NotReturnable(_("先认主、收货，再结束。"), return_id=return_id)
    waiting = db.rows(
        "SELECT coalesce(sum(units - good - damaged), 0)::int FROM orders_returnitem WHERE tenant_id = %s AND return_doc_id = %s",
        current_tenant(),
        return_id,
    )[0][0]
    if waiting:
        raise NotReturnable(_("还有 %(n)d 件没检。") % {"n": waiting}, return_id=return_id, units=waiting)
    db.execute(
        "UPDATE orders_return SET state = %s, closed_at = clock_timestamp(), note = CASE WHEN %s = '' THEN note ELSE %s END"
        " WHERE tenant_id = %s AND id = %s",
        int(ReturnState.CLOSED),
        note[:500],
        note[:500],
        current_tenant(),
        return_id,
    )
    tell("ReturnsClosed", "close_return", [return_id], actor_id)
