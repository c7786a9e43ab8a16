"""Goods from one facility to another.  Between leaving and arriving they lie in the other's TRANSIT bin: counted, never sold."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db
from core.db import Rank
from core.services.accounts import record, record_each
from core.tenancy import current_tenant
from inventory.errors import BadQuantity, UnknownDocument, UnknownGoods, UnknownPlace, WrongState
from inventory.models import UNITS_MOST, Bin, BinKind, Transfer, TransferLine
from inventory.models.documents import TransferStatus
from inventory.queries.active import find_active
from inventory.services.numbering import number_papers

KIND = "TR"
TRANSIT_CODE = "TRANSIT"
ARRIVAL_KINDS = (BinKind.PICK, BinKind.STORAGE, BinKind.RECEIVING, BinKind.QUARANTINE, BinKind.DAMAGED)


@dataclass(frozen=True, slots=True)
class TransferLineInput:
    """Units of one SKU to bring over."""

    sku_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class TransferInput:
    """One paper: each SKU once.  `id`: from core.db.new_ids, so that the same click twice makes one."""

    from_facility_id: int
    to_facility_id: int
    lines: tuple[TransferLineInput, ...]
    note: str = ""
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """A transfer under its lock."""

    id: int
    number: str
    from_facility_id: int
    to_facility_id: int
    status: TransferStatus


def create_transfers(*, transfers: Sequence[TransferInput], actor_id: int | None) -> list[int]:
    """Make drafts; their ids in the given order.  A constant number of statements; the numbers are taken last.

    A draft whose `id` is there already is left as it is.  Raises BadQuantity, UnknownPlace, UnknownGoods; archived ones count as unknown.
    """
    _check(transfers)
    spare = iter(db.new_ids(sum(one.id is None for one in transfers)))
    ids = [one.id if one.id is not None else next(spare) for one in transfers]
    made = {
        row[0]
        for row in db.rows(
            "INSERT INTO inventory_transfer (tenant_id, id, number, from_facility_id, to_facility_id, note, created_by)"
            " SELECT %s, u.id, u.number, u.from_id, u.to_id, u.note, %s FROM"
            " unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::text[]) u(id, number, from_id, to_id, note)"
            " ON CONFLICT (tenant_id, id) DO NOTHING RETURNING id",
            current_tenant(),
            actor_id,
            db.array(ids),
            db.array([str(id_) for id_ in ids]),
            db.array([one.from_facility_id for one in transfers]),
            db.array([one.to_facility_id for one in transfers]),
            db.array([one.note for one in transfers]),
        )
    }
    fresh = {id_: one for id_, one in zip(ids, transfers, strict=True) if id_ in made}
    _write_lines(fresh.items())
    numbers = number_papers(Transfer, KIND, list(fresh))
    details = {
        id_: {"number": number, **_say(one)}
        for number, (id_, one) in zip(numbers, fresh.items(), strict=True)
    }
    record_each("transfer.created", "transfer", details, actor_id=actor_id)
    return ids


def edit_transfer(*, transfer_id: int, change: TransferInput, actor_id: int | None) -> None:
    """Replace what a draft says.  Locks it.  Raises as create_transfers; UnknownDocument; WrongState when it is no draft any more."""
    paper = lock_transfer(transfer_id)
    if paper.status != TransferStatus.DRAFT:
        raise wrong(paper, _("只有草稿能改"))
    _check([change])
    db.execute(
        "UPDATE inventory_transfer SET from_facility_id = %s, to_facility_id = %s, note = %s WHERE tenant_id = %s AND id = %s",
        change.from_facility_id,
        change.to_facility_id,
        change.note,
        current_tenant(),
        transfer_id,
    )
    db.execute(
        "DELETE FROM inventory_transferline WHERE tenant_id = %s AND transfer_id = %s",
        current_tenant(),
        transfer_id,
    )
    _write_lines([(transfer_id, change)])
    detail = {"number": paper.number, **_say(change)}
    record("transfer.edited", "transfer", transfer_id, actor_id=actor_id, detail=detail)


def _say(one: TransferInput) -> dict[str, int]:
    """What a draft asks for, in the audit trail."""
    return {
        "from": one.from_facility_id,
        "to": one.to_facility_id,
        "lines": len(one.lines),
        "units": sum(line.quantity for line in one.lines),
    }


def lock_transfer(transfer_id: int) -> Paper:
    """Lock the paper, rank DOCUMENT.  Raises UnknownDocument."""
    locked = db.lock(
        Rank.DOCUMENT,
        Transfer,
        "id, number, from_facility_id, to_facility_id, status",
        "id = %s",
        transfer_id,
    )
    if not locked:
        raise UnknownDocument(_("没有这张调拨单。"), transfer_id=transfer_id)
    ((id_, number, from_id, to_id, status),) = locked
    return Paper(id_, number, from_id, to_id, TransferStatus(status))


def end_transfer(
    paper: Paper, status: TransferStatus, *, actor_id: int | None, detail: Mapping[str, object]
) -> None:
    """The paper's last word, with what it says besides its number.  Under its lock, after its units are where they belong."""
    db.execute(
        "UPDATE inventory_transfer SET status = %s, ended_at = clock_timestamp() WHERE tenant_id = %s AND id = %s",
        int(status),
        current_tenant(),
        paper.id,
    )
    action = f"transfer.{status.name.lower()}"
    record(action, "transfer", paper.id, actor_id=actor_id, detail={"number": paper.number, **detail})


def wrong(paper: Paper, what: str) -> WrongState:
    return WrongState(
        _("调拨单 %(number)s 是“%(status)s”，%(what)s。")
        % {"number": paper.number, "status": paper.status.label, "what": what},
        number=paper.number,
        status=paper.status.name,
    )


def find_or_make_transit(facility_id: int) -> int:
    """The bin for what is on the road to a facility; made on first need.  Call before stock is locked."""
    code = TRANSIT_CODE
    for _attempt in range(2):
        found = db.rows(
            "SELECT id FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND kind = %s",
            current_tenant(),
            facility_id,
            int(BinKind.TRANSIT),
        )
        if found:
            return int(found[0][0])
        id_ = db.new_id()
        made = db.rows(
            "INSERT INTO inventory_bin (tenant_id, id, facility_id, code, zone, kind, sequence, is_active)"
            " VALUES (%s, %s, %s, %s, '', %s, 0, true) ON CONFLICT DO NOTHING RETURNING id",
            current_tenant(),
            id_,
            facility_id,
            code,
            int(BinKind.TRANSIT),
        )
        if made:
            return id_
        code = f"{TRANSIT_CODE}-{id_}"  # somebody else was faster, or has a bin of this name
    return find_or_make_transit(facility_id)


def check_arrival_bins(facility_id: int, bin_ids: Iterable[int]) -> None:
    """Bins that goods off the road may be put into.  Raises UnknownPlace."""
    wanted = sorted(set(bin_ids))
    found = {
        row[0]: row[1:]
        for row in db.rows(
            f"SELECT id, code, kind, is_active FROM {Bin._meta.db_table}"
            " WHERE tenant_id = %s AND facility_id = %s AND id = ANY (%s::bigint[])",
            current_tenant(),
            facility_id,
            db.array(wanted),
        )
    }
    if missing := set(wanted) - found.keys():
        raise UnknownPlace(_("这个仓库里没有这个货位。"), bin_ids=sorted(missing))
    for code, kind, is_active in found.values():
        if not is_active or kind not in ARRIVAL_KINDS:
            raise UnknownPlace(_("货位 %(bin)s 不收货。") % {"bin": code}, bin=code)


def list_lines(transfer_id: int) -> dict[int, int]:
    """SKU -> units of the paper's lines."""
    return dict(
        db.rows(
            "SELECT sku_id, quantity FROM inventory_transferline WHERE tenant_id = %s AND transfer_id = %s",
            current_tenant(),
            transfer_id,
        )
    )


def _write_lines(papers: Iterable[tuple[int, TransferInput]]) -> None:
    rows = [(id_, line) for id_, one in papers for line in one.lines]
    db.insert(
        TransferLine,
        ["id", "transfer", "sku", "quantity"],
        [
            (line_id, id_, line.sku_id, line.quantity)
            for line_id, (id_, line) in zip(db.new_ids(len(rows)), rows, strict=True)
        ],
    )


def _check(transfers: Sequence[TransferInput]) -> None:
    for one in transfers:
        if not one.lines:
            raise BadQuantity(_("调拨单是空的。"))
        if one.from_facility_id == one.to_facility_id:
            raise UnknownPlace(_("从哪里和到哪里是同一个仓库。"), code="same_place")
        for number, line in enumerate(one.lines, 1):
            if not 0 < line.quantity <= UNITS_MOST:
                raise BadQuantity(
                    _("第 %(n)d 行，数量要在 1 到 %(most)d 之间。") % {"n": number, "most": UNITS_MOST},
                    line=number,
                )
        if any(count > 1 for count in Counter(line.sku_id for line in one.lines).values()):
            raise BadQuantity(_("一张调拨单里，一个商品只能有一行。"), code="sku_twice")
    facilities = {id_ for one in transfers for id_ in (one.from_facility_id, one.to_facility_id)}
    if missing := facilities - find_active("inventory_facility", facilities):
        raise UnknownPlace(_("没有这个仓库。"), facility_ids=sorted(missing))
    skus = {line.sku_id for one in transfers for line in one.lines}
    found = db.rows(
        "SELECT id FROM inventory_sku WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(skus),
    )
    if missing := skus - {row[0] for row in found}:
        raise UnknownGoods(_("没有这个商品。"), sku_ids=sorted(missing))


def sum_by(pairs: Iterable[tuple[int, int]]) -> Mapping[int, int]:
    """Units added up by their key."""
    sums: dict[int, int] = defaultdict(int)
    for key, units in pairs:
        sums[key] += units
    return sums
