"""Tracking numbers (运单号): one a parcel, said by whoever printed the label."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from core import db, live, outbox
from core.db import Rank
from core.errors import Conflict, Invalid
from core.services import accounts
from core.tenancy import current_tenant
from warehouse.errors import NoParcel
from warehouse.models import Parcel, ParcelStatus

LONGEST = 40


class BadNumber(Invalid):
    """What was said is no tracking number."""

    code = "bad_tracking_number"


class NumberTaken(Conflict):
    """Another parcel has this number with the same carrier."""

    code = "tracking_number_taken"


@dataclass(frozen=True, slots=True)
class NumberInput:
    """`carrier_id` None: the carrier that was chosen for the parcel stays."""

    parcel_id: int
    number: str
    carrier_id: int | None = None


def set_numbers(*, numbers: Sequence[NumberInput], actor_id: int | None) -> tuple[int, ...]:
    """Give parcels their numbers, or other ones; the parcels that changed.  Saying the same again changes nothing.

    All or none, in a constant number of statements.  Locks the parcels.  Raises BadNumber, NoParcel, NumberTaken, each naming the row;
    Conflict for a parcel that was cancelled.  Says ParcelsNumbered.
    """
    said = {one.parcel_id: one for one in numbers}
    _check(numbers, said)
    ids = db.array(sorted(said))
    columns = "id, status, carrier_id, tracking_number"
    rows = {row[0]: row[1:] for row in db.lock(Rank.PARCEL, Parcel, columns, "id = ANY (%s::bigint[])", ids)}
    for place, one in enumerate(numbers):
        if one.parcel_id not in rows:
            raise NoParcel(_("没有这个包裹，或者不归您管。"), parcel_id=one.parcel_id, row=place)
        if rows[one.parcel_id][0] == ParcelStatus.CANCELLED:
            raise Conflict(_("这个包裹取消了，不能再有运单号。"), code="parcel_cancelled", row=place)
    carriers = {id_: said[id_].carrier_id or rows[id_][1] for id_ in said}
    _refuse_taken(numbers, carriers)
    changed = sorted(id_ for id_ in said if rows[id_][1:] != (carriers[id_], said[id_].number.strip()))
    if not changed:
        return ()
    db.execute(
        "UPDATE warehouse_parcel p SET tracking_number = u.number, carrier_id = u.carrier"
        " FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) u(id, number, carrier) WHERE p.tenant_id = %s AND p.id = u.id",
        db.array(changed),
        db.array([said[id_].number.strip() for id_ in changed]),
        db.array([carriers[id_] for id_ in changed]),
        current_tenant(),
    )
    accounts.record("number", "parcel", changed[0], actor_id=actor_id, detail={"parcels": changed})
    outbox.emit("ParcelsNumbered", {"parcel_ids": changed})
    live.push(current_tenant(), "parcel", changed)
    return tuple(changed)


def _check(numbers: Sequence[NumberInput], said: dict[int, NumberInput]) -> None:
    if not numbers:
        raise BadNumber(_("一个运单号也没有。"))
    if len(said) < len(numbers):
        twice = Counter(one.parcel_id for one in numbers).most_common(1)[0][0]
        raise BadNumber(_("同一个包裹写了两次。"), parcel_id=twice)
    for place, one in enumerate(numbers):
        text = one.number.strip()
        if not text or len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
            raise BadNumber(
                _("“%(text)s”不是运单号：字母数字，最长 %(n)d 位，没有空格。")
                % {"text": text[:LONGEST], "n": LONGEST},
                row=place,
                parcel_id=one.parcel_id,
            )


def _refuse_taken(numbers: Sequence[NumberInput], carriers: dict[int, int | None]) -> None:
    """One number, one parcel, with one carrier: a label that is on two boxes is a mistake that nobody finds later."""
    keys = [(one.number.strip(), carriers[one.parcel_id]) for one in numbers]
    double = next((place for place, key in enumerate(keys) if keys.index(key) < place), None)
    found = db.rows(
        "SELECT p.id, p.tracking_number, p.carrier_id FROM warehouse_parcel p WHERE p.tenant_id = %s"
        " AND p.tracking_number = ANY (%s::text[]) AND p.status <> %s",
        current_tenant(),
        db.array([number for number, _carrier in keys]),
        int(ParcelStatus.CANCELLED),
    )
    others = {(number, carrier): id_ for id_, number, carrier in found}
    for place, key in enumerate(keys):
        other = others.get(key)
        if place == double or (other is not None and other != numbers[place].parcel_id):
            raise NumberTaken(
                _("运单号 %(number)s 已经在另一个包裹上。") % {"number": key[0]}, row=place, other=other
            )
