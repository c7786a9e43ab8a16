"""Bins: many at once by pattern, changed many at once, archived instead of deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from core import db, outbox
from core.db import Rank
from core.errors import Conflict
from core.services import accounts
from core.tenancy import current_tenant
from inventory import places_sql
from inventory.errors import BadQuantity, UnknownPlace, WrongState
from inventory.models import Balance, Bin, BinKind, Facility
from inventory.models.places import SELLING_KINDS
from inventory.rules import displacing
from inventory.rules.displacing import Given
from inventory.services.catalogue import BinInput, create_bins
from inventory.services.moving import Moved, move_away, reallocate
from inventory.services.places import WORK_KINDS
from inventory.services.promises import lock_anchors, settle_promises

NAMED = 10  # codes that a refusal names; it says how many there are
SEQUENCE_MOST = 2**31 - 1
FIXED_KINDS = (*WORK_KINDS, BinKind.TRANSIT)
"""Kinds that other floors and papers count on while something lies there."""


class BinsExist(Conflict):
    """Bins of these codes are there already.  Fields: codes (the first ones), count."""

    code = "bins_exist"


class BinsInUse(Conflict):
    """Bins that cannot be archived or changed.  Fields: bins (code, why), count."""

    code = "bins_in_use"


@dataclass(frozen=True, slots=True)
class BinChange:
    """What becomes of the bins; None leaves it.  `first_sequence` numbers them in the order they are named, `step` apart."""

    kind: BinKind | None = None
    zone: str | None = None
    first_sequence: int | None = None
    step: int = 10


def add_bins(*, facility_id: int, bins: Sequence[BinInput], actor_id: int | None) -> list[int]:
    """Make new bins at one facility, all of them or none; their ids in the given order.

    Locks the facility, so that two hands that make the same codes do not meet in the database.  Raises UnknownPlace, BinsExist (naming
    them), BadQuantity for a sequence beyond the numbers, WrongState for a bin of goods on the road, which transfers make.
    """
    _lock_facility(facility_id)
    if any(one.kind == BinKind.TRANSIT for one in bins):
        raise WrongState(_("在途货位由调拨自己建。"), code="transit_bin")
    _refuse_sequences([one.sequence for one in bins])
    taken = list_taken(facility_id, [one.code for one in bins])
    if taken:
        raise BinsExist(
            _("有 %(n)d 个货位已经有了：%(codes)s。") % {"n": len(taken), "codes": "、".join(taken[:NAMED])},
            codes=taken[:NAMED],
            count=len(taken),
        )
    ids = create_bins(facility_id, bins)
    accounts.record(
        "add_bins",
        "facility",
        facility_id,
        actor_id=actor_id,
        detail={"count": len(bins), "first": bins[0].code, "last": bins[-1].code},
    )
    return ids


def list_taken(facility_id: int, codes: Sequence[str]) -> list[str]:
    """Which of these codes bins of the facility have already, in the order of the codes.  One statement."""
    found = {
        row[0]
        for row in db.rows(
            "SELECT code FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s AND code = ANY (%s::text[])",
            current_tenant(),
            facility_id,
            db.array(sorted(set(codes))),
        )
    }
    return [code for code in codes if code in found]


def change_bins(
    *, facility_id: int, bin_ids: Sequence[int], change: BinChange, actor_id: int | None
) -> Moved:
    """Change kind, zone or place in the walk of many bins of one facility.

    A bin that stops selling gives up its allocations (they get other lots, first expired first out, else their owners are short) and the
    promises that counted on it give way, in this transaction.  Goods that came to it meanwhile were not seen, and may have been promised
    before the change was: BinsStoppedSelling, and `settle_stopped` looks again after the commit.
    Locks the bins, the anchors of what lies in them, the balances.
    Raises UnknownPlace, BadQuantity, BinsInUse where goods lie in a bin whose kind others count on (totes and the like).
    """
    if change.first_sequence is not None:
        last = change.first_sequence + change.step * (len(bin_ids) - 1)
        _refuse_sequences([change.first_sequence, last])
    kinds = _lock_bins(facility_id, bin_ids)
    skus: Sequence[int] = ()
    if change.kind is not None:
        skus = _change_kind(facility_id, change.kind, kinds)
    db.execute(
        "UPDATE inventory_bin b SET kind = coalesce(%s, b.kind), zone = coalesce(%s, b.zone), sequence = coalesce(u.sequence, b.sequence)"
        " FROM unnest(%s::bigint[], %s::int[]) u(id, sequence) WHERE b.tenant_id = %s AND b.id = u.id",
        None if change.kind is None else int(change.kind),
        change.zone,
        db.array(list(bin_ids)),
        db.array(
            [
                None if change.first_sequence is None else change.first_sequence + change.step * n
                for n in range(len(bin_ids))
            ]
        ),
        current_tenant(),
    )
    moved = Moved()
    stopped = [id_ for id_, kind in kinds.items() if kind in SELLING_KINDS]
    if stopped and change.kind is not None and change.kind not in SELLING_KINDS:
        moved = _settle(facility_id, stopped, skus)
        outbox.emit("BinsStoppedSelling", {"facility_id": facility_id, "bin_ids": stopped})
    detail = {
        "bins": list(bin_ids[:100]),
        "count": len(bin_ids),
        "kind": None if change.kind is None else change.kind.name,
        "zone": change.zone,
        "first_sequence": change.first_sequence,
    }
    accounts.record("change_bins", "facility", facility_id, actor_id=actor_id, detail=detail)
    return moved


def settle_stopped(*, facility_id: int, bin_ids: Sequence[int]) -> Moved:
    """The second look at bins that stopped selling, after the commit: what was allocated in them or promised of them by somebody who
    could not see the change yet gives way as in change_bins.  Bins that sell again are left alone.

    Locks the anchors of what lies in them, then the balances.
    """
    found = db.rows(
        places_sql.STOPPED_GOODS,
        db.array([int(kind) for kind in FIXED_KINDS]),
        current_tenant(),
        facility_id,
        db.array(sorted(bin_ids)),
        db.array([int(kind) for kind in SELLING_KINDS]),
    )
    skus = sorted({sku_id for sku_id, _balance, _leaves in found})
    lock_anchors((facility_id, sku_id) for sku_id in skus)
    allocated = [balance_id for _sku, balance_id, leaves in found if leaves]
    moved = move_away(facility_id=facility_id, balance_ids=allocated) if allocated else Moved()
    broken = settle_promises(facility_id, skus)
    return replace(moved, broken_owners=(*moved.broken_owners, *broken))


def archive_bins(*, facility_id: int, bin_ids: Sequence[int], actor_id: int | None) -> int:
    """These bins take no more goods; how many were in use until now.  Raises UnknownPlace, and BinsInUse that names each bin with stock,
    promised goods, or an open paper in it.  Goods that arrive in this moment stay what they are, for sale, and can be moved out: whether
    a bin is in use says where goods may be put, not whether they sell.  Locks the bins and their balances."""
    _lock_bins(facility_id, bin_ids)
    ids = db.array(sorted(bin_ids))
    db.lock(Rank.STOCK, Balance, "id", "bin_id = ANY (%s::bigint[])", ids)
    _refuse_in_use(ids)
    count = db.execute(
        "UPDATE inventory_bin SET is_active = false WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND is_active",
        current_tenant(),
        ids,
    )
    accounts.record(
        "archive_bins", "facility", facility_id, actor_id=actor_id, detail={"bins": list(bin_ids[:100])}
    )
    return count


def restore_bins(*, facility_id: int, bin_ids: Sequence[int], actor_id: int | None) -> int:
    """Archived bins take goods again; how many.  Raises UnknownPlace."""
    _lock_bins(facility_id, bin_ids)
    count = db.execute(
        "UPDATE inventory_bin SET is_active = true WHERE tenant_id = %s AND id = ANY (%s::bigint[]) AND NOT is_active",
        current_tenant(),
        db.array(sorted(bin_ids)),
    )
    accounts.record(
        "restore_bins", "facility", facility_id, actor_id=actor_id, detail={"bins": list(bin_ids[:100])}
    )
    return count


def next_sequence(facility_id: int) -> int:
    """A place in the walk behind all bins of the facility."""
    return int(
        db.rows(
            "SELECT coalesce(max(sequence), 0) + 10 FROM inventory_bin WHERE tenant_id = %s AND facility_id = %s",
            current_tenant(),
            facility_id,
        )[0][0]
    )


def _lock_facility(facility_id: int) -> None:
    if not db.lock(Rank.DOCUMENT, Facility, "id", "id = %s", facility_id):
        raise UnknownPlace(_("没有这个仓库。"), facility_id=facility_id)


def _lock_bins(facility_id: int, bin_ids: Sequence[int]) -> dict[int, BinKind]:
    """Bin -> its kind, in the order they are named."""
    if not bin_ids:
        raise BadQuantity(_("一个货位都没选。"))
    locked = dict(
        db.lock(
            Rank.DOCUMENT,
            Bin,
            "id, kind",
            "facility_id = %s AND id = ANY (%s::bigint[])",
            facility_id,
            db.array(sorted(set(bin_ids))),
        )
    )
    if set(bin_ids) - locked.keys():
        raise UnknownPlace(_("这个仓库里没有这个货位。"), bin_ids=sorted(set(bin_ids) - locked.keys()))
    return {id_: BinKind(locked[id_]) for id_ in bin_ids}


def _change_kind(facility_id: int, to: BinKind, kinds: Mapping[int, BinKind]) -> list[int]:
    """Under the bins' lock, before the change: refuse it, or lock what lies there; the SKUs whose anchors are locked."""
    if to == BinKind.TRANSIT or BinKind.TRANSIT in kinds.values():
        raise WrongState(_("在途货位由调拨自己建。"), code="transit_bin")
    changing = [id_ for id_, kind in kinds.items() if kind != to]
    bound = sorted(id_ for id_ in changing if to in FIXED_KINDS or kinds[id_] in FIXED_KINDS)
    losing = [id_ for id_ in changing if kinds[id_] in SELLING_KINDS and to not in SELLING_KINDS]
    skus = _skus_in(losing)
    if not (bound or skus):
        return []
    lock_anchors((facility_id, sku_id) for sku_id in skus)
    db.lock(
        Rank.STOCK,
        Balance,
        "id",
        "(bin_id = ANY (%s::bigint[]) OR (facility_id = %s AND sku_id = ANY (%s::bigint[])))",
        db.array(bound),
        facility_id,
        db.array(skus),
    )
    _refuse_in_use(db.array(bound))
    return skus


def _settle(facility_id: int, bin_ids: Sequence[int], skus: Sequence[int]) -> Moved:
    """After the change, under the same locks and for the same SKUs: what was allocated in bins that sell no more gets other lots, then
    promises give way."""
    if not skus:
        return Moved()
    freed, sku_of = _free_allocations(bin_ids, skus)
    units, short = reallocate(facility_id, freed, sku_of=sku_of)
    return Moved(units, short, settle_promises(facility_id, skus))


def _free_allocations(bin_ids: Sequence[int], skus: Sequence[int]) -> tuple[list[Given], dict[int, int]]:
    """The allocations of these SKUs in these bins, ended, the strongest first; balance -> SKU."""
    tenant_id = current_tenant()
    gone = db.rows(
        places_sql.FREE_ALLOCATIONS, tenant_id, db.array(sorted(bin_ids)), db.array(skus), tenant_id
    )
    freed = [Given(*row[:8]) for row in gone]
    db.execute(
        "UPDATE inventory_balance SET allocated = 0 WHERE tenant_id = %s AND id = ANY (%s::bigint[])",
        current_tenant(),
        db.array(sorted({row.balance_id for row in freed})),
    )
    return sorted(freed, key=displacing.strength), {row[3]: row[8] for row in gone}


def _skus_in(bin_ids: Sequence[int]) -> list[int]:
    return [
        row[0]
        for row in db.rows(
            "SELECT DISTINCT sku_id FROM inventory_balance WHERE tenant_id = %s AND bin_id = ANY (%s::bigint[]) AND on_hand > 0"
            " ORDER BY 1",
            current_tenant(),
            db.array(sorted(bin_ids)),
        )
    ]


def _refuse_in_use(bin_ids: str) -> None:
    tenant_id = current_tenant()
    found = db.rows(places_sql.BINS_IN_USE, *(value for _ in range(3) for value in (tenant_id, bin_ids)))
    if not found:
        return
    words = {
        "stock": _("%(bin)s 里还有 %(n)d 件货"),
        "count": _("%(bin)s 正在盘点"),
        "adjustment": _("%(bin)s 有调整单等人同意"),
    }
    told = [words[why] % {"bin": code, "n": units} for code, why, units in found]
    text = "；".join(told[:NAMED])
    if len(told) > NAMED:
        text += _("……一共 %(n)d 处") % {"n": len(told)}
    raise BinsInUse(
        _("没有改：%(what)s。") % {"what": text},
        bins=[{"bin": code, "why": why} for code, why, _units in found[:NAMED]],
        count=len(found),
    )


def _refuse_sequences(sequences: Sequence[int]) -> None:
    if any(not 0 <= one <= SEQUENCE_MOST for one in sequences):
        raise BadQuantity(_("拣货顺序要在 0 到 %(most)d 之间。") % {"most": SEQUENCE_MOST})
