"""The list of balances: what may be asked of it, a page of it, and the group of each row."""

from collections.abc import Sequence
from dataclasses import dataclass

from core import db
from core.tenancy import current_tenant
from inventory import sql
from inventory.models import Balance, Bin, Lot, Sku
from inventory.queries.walking import BY_BIN, BY_EXPIRY, BY_SKU, Conditions, Found, Order, Step, walk_balances
from inventory.sellable import first_sellable

# (tenant, sku_ids, tenant, bin_ids, tenant, lot_ids) -> what rows are called: each id of each table in one statement, without a join
_NAMES = """
    SELECT 0, id, code, name, unit, NULL::smallint, NULL::date FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])
    UNION ALL
    SELECT 1, id, code, zone, NULL, kind, NULL FROM inventory_bin WHERE tenant_id = %s AND id = ANY (%s::bigint[])
    UNION ALL
    SELECT 2, id, code, NULL, NULL, NULL, expires_on FROM inventory_lot WHERE tenant_id = %s AND id = ANY (%s::bigint[])
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which balances; what is not said is not asked for.

    `text`: a whole barcode, or how the SKU's code begins; `bin`, `lot`: whole codes; `group`: as in inventory.queries.stock.
    """

    facility_ids: Sequence[int]
    text: str = ""
    sku_id: int | None = None
    lot: str = ""
    bin: str = ""
    zone: str = ""
    kind: int | None = None
    group: str = ""
    is_empty_too: bool = False


def list_balance_page(wanted: Wanted, order: Order, step: Step) -> list[Balance]:
    """A page of balances with SKU, bin and lot, in the order of the list; at most five statements.

    BY_BIN wants one facility: two of them have bins of the same code.
    """
    found = walk_balances(order, _conditions(wanted, order), step)
    rows = _named(found)
    return rows[::-1] if step.is_back else rows


def list_groups(rows: Sequence[Balance]) -> dict[int, str]:
    """The group of each balance whose bin and lot were read; one statement."""
    first = first_sellable()
    columns = (
        [row.id for row in rows], [row.facility_id for row in rows], [row.bin_id for row in rows], [row.lot_id for row in rows],
        [row.bin.kind for row in rows], [row.lot.expires_on for row in rows],
    )  # fmt: skip
    return dict(db.rows(sql.GROUP_OF_ROWS, *map(db.array, columns), first, first, current_tenant()))


def _conditions(wanted: Wanted, order: Order) -> Conditions:
    found = Conditions(wanted.facility_ids)
    if not wanted.is_empty_too:
        found.of_balance.append("b.on_hand > 0")
    if order == BY_BIN:
        found.of_order.append("d.facility_id = ANY (%(facilities)s::bigint[])")
    _goods(found, wanted, order)
    bins = [
        f"{name} = %({name})s"
        for name, value in (
            ("zone", wanted.zone or None),
            ("code", wanted.bin or None),
            ("kind", wanted.kind),
        )
        if value is not None
    ]
    if bins:
        found.params |= {"zone": wanted.zone, "code": wanted.bin, "kind": wanted.kind}
        if order == BY_BIN:
            found.of_order += [f"d.{test}" for test in bins]
        # A code names one bin a facility, so its ids are an array; of a zone or a kind there may be thousands, and they are hashed.
        tests = ["tenant_id = %(tenant)s", "facility_id = ANY (%(facilities)s::bigint[])", *bins]
        ids = f"SELECT id FROM inventory_bin WHERE {' AND '.join(tests)}"
        found.of_balance.append(
            f"b.bin_id = ANY (ARRAY({ids}))" if wanted.bin else f"(b.bin_id IN ({ids})) IS TRUE"
        )
    if wanted.group in sql.IN_GROUP:
        found.of_balance.append(sql.IN_GROUP[wanted.group])
        found.params["first"] = first_sellable()
    return found


def find_goods(text: str, params: dict[str, object]) -> tuple[int | None, str]:
    """The SKU that has this barcode, else the test of a balance (alias b) that its SKU's code begins so, hashed; one statement."""
    found = db.rows(
        "SELECT sku_id FROM inventory_barcode WHERE tenant_id = %s AND code = %s", current_tenant(), text
    )
    if found:
        return found[0][0], ""
    params |= {"text": text, "text_end": f"{text}\U0010ffff"}
    codes = "tenant_id = %(tenant)s AND code >= %(text)s AND code < %(text_end)s"
    return None, f"(b.sku_id IN (SELECT id FROM inventory_sku WHERE {codes})) IS TRUE"


def _goods(found: Conditions, wanted: Wanted, order: Order) -> None:
    """The goods that are asked for, said of the balance and of the ordering table alike."""
    tenant_id, sku_ids = current_tenant(), set() if wanted.sku_id is None else {wanted.sku_id}
    if wanted.text:
        barcode, test = find_goods(wanted.text, found.params)
        if barcode is not None:
            sku_ids.add(barcode)
        else:
            found.of_balance.append(test)
            found.of_order += ["d.code >= %(text)s AND d.code < %(text_end)s"] if order == BY_SKU else []
    for number, sku_id in enumerate(sku_ids):
        found.params[f"sku{number}"] = sku_id
        found.of_balance.append(f"b.sku_id = %(sku{number})s")
        own = {BY_SKU: "d.id", BY_EXPIRY: "d.sku_id"}.get(order)
        found.of_order += [f"{own} = %(sku{number})s"] if own else []
    if wanted.lot:
        lots = db.rows(
            "SELECT id, sku_id FROM inventory_lot WHERE tenant_id = %s AND code = %s", tenant_id, wanted.lot
        )
        found.params |= {
            "lots": db.array([row[0] for row in lots]),
            "goods": db.array([row[1] for row in lots]),
        }
        found.of_balance.append("b.lot_id = ANY (%(lots)s::bigint[])")
        own = {BY_SKU: "d.id = ANY (%(goods)s::bigint[])", BY_EXPIRY: "d.id = ANY (%(lots)s::bigint[])"}.get(
            order
        )
        found.of_order += [own] if own else []


def _named(found: Sequence[Found]) -> list[Balance]:
    tenant_id = current_tenant()
    ids = [
        db.array({row.sku_id for row in found}),
        db.array({row.bin_id for row in found}),
        db.array({row.lot_id for row in found}),
    ]
    skus: dict[int, Sku] = {}
    bins: dict[int, Bin] = {}
    lots: dict[int, Lot] = {}
    names = db.rows(_NAMES, tenant_id, ids[0], tenant_id, ids[1], tenant_id, ids[2]) if found else []
    for table, id_, code, name, unit, kind, expires_on in names:
        if table == 0:
            skus[id_] = Sku(id=id_, code=code, name=name, unit=unit)
        elif table == 1:
            bins[id_] = Bin(id=id_, code=code, zone=name, kind=kind)
        else:
            lots[id_] = Lot(id=id_, code=code, expires_on=expires_on)
    return [
        Balance(
            id=row.id, facility_id=row.facility_id, bin=bins[row.bin_id], sku=skus[row.sku_id], lot=lots[row.lot_id],
            on_hand=row.on_hand, allocated=row.allocated,
        )
        for row in found
    ]  # fmt: skip
