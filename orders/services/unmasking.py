"""Receivers in clear: by permission, with a reason, one append-only row and one row of the audit trail each, so many a day.

Nothing seen is kept: what a platform gives goes to the caller and nowhere else.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from core import clock, db, options
from core.accounts import Role
from core.db import Rank
from core.models import ApiKey, Membership
from core.services import accounts
from core.tenancy import current_tenant
from inventory.access import facility_scope
from orders import options as settings
from orders.access import MAY_BE_GIVEN_PEOPLE, may_unmask
from orders.connectors import registry
from orders.errors import BadUnmasking, MayNotUnmask, NoOrder, UnmaskLimit
from orders.importing.parsing import is_mask
from orders.models import ConnectionState, Unmasking, UnmaskReason, UnmaskSource
from orders.rules.incoming import Receiver
from orders.services.receivers import unseal

MOST = 100  # orders of one request
LONGEST_NOTE = 200
LARGEST_LIMIT = 10_000
SCOPE = "orders:unmask"  # of a key

# Orders with their receivers and the way to the platform that may say more: (tenant, ids, all facilities, facilities)
_ORDERS = """
    SELECT o.id, o.number, o.receiver, o.receiver_token, c.platform,
        (SELECT min(x.external_number) FROM orders_channelorder x WHERE x.tenant_id = o.tenant_id AND x.order_id = o.id),
        n.id, n.state, coalesce(n.quiet_until > clock_timestamp(), false), n.credentials, n.address
    FROM orders_order o
    JOIN orders_channel c ON c.tenant_id = o.tenant_id AND c.id = o.channel_id
    LEFT JOIN orders_connection n ON n.tenant_id = c.tenant_id AND n.channel_id = c.id
    WHERE o.tenant_id = %s AND o.id = ANY (%s::bigint[]) AND (%s OR o.facility_id = ANY (%s::bigint[]))
"""
_SEEN = "SELECT DISTINCT order_id FROM orders_unmasking WHERE tenant_id = %s AND day = %s AND {} = %s"


class Gap(StrEnum):
    """Why an order's receiver is not shown, or not all of it."""

    NO_RECEIVER = "NO_RECEIVER"  # nothing is brought to a door
    PLATFORM_KEEPS = "PLATFORM_KEEPS"  # it has no way to ask
    NOT_CONNECTED = "NOT_CONNECTED"  # it could be asked, but the shop is not connected
    NOT_ANSWERED = "NOT_ANSWERED"  # it was asked and did not answer: later
    NOT_GIVEN = "NOT_GIVEN"  # it was asked and did not give it


Said = Mapping[int, Receiver | Gap]  # what platforms answered, by order


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who wants to see: a person of the tenant in scope, or a key of it.  One of the two."""

    user_id: int | None = None
    key_id: int | None = None

    @property
    def column(self) -> str:
        return "user_id" if self.user_id is not None else "api_key_id"

    @property
    def id(self) -> int | None:
        return self.user_id if self.user_id is not None else self.key_id


@dataclass(frozen=True, slots=True)
class Seen:
    """One order as it is shown.  `receiver` None: nothing was shown, nothing recorded or counted, and `gap` says why."""

    order_id: int
    number: str
    receiver: Receiver | None = field(repr=False)
    source: UnmaskSource | None = None
    gap: Gap | None = None


@dataclass(frozen=True, slots=True)
class Unmasked:
    """What was shown, and how many other orders the viewer may still see today."""

    orders: tuple[Seen, ...]
    left: int
    limit: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of one viewer and one day: orders that he may see, and those that he saw."""

    limit: int
    seen: frozenset[int]

    @property
    def left(self) -> int:
        return max(0, self.limit - len(self.seen))

    def is_enough_for(self, order_ids: Collection[int]) -> bool:
        """An order that was seen today may be seen again."""
        return len(set(order_ids) - self.seen) <= self.left


@dataclass(frozen=True, slots=True)
class Question:
    """An order whose receiver its platform keeps, and how to ask for it."""

    order_id: int
    connection_id: int
    platform: str
    credentials: bytes = field(repr=False)
    address: str
    external_number: str
    token: str


@dataclass(frozen=True, slots=True)
class _Row:
    """An order as it is stored."""

    order_id: int
    number: str
    receiver: Receiver | None
    question: Question | None
    gap: Gap | None


def unmask(
    *, viewer: Viewer, order_ids: Sequence[int], reason: str, note: str = "", said: Said | None = None
) -> Unmasked:
    """Show receivers in clear, in the order of `order_ids`; all of them or none.

    `said` is what `orders.services.revealing` heard from platforms before this transaction; without it only what is stored is shown.
    Each order that is shown leaves a row and an audit row, every time; the limit counts different orders a day.
    Locks the viewer's membership or key.  Raises BadUnmasking, MayNotUnmask, NoOrder (also for an order of a facility that is not his),
    UnmaskLimit.
    """
    why, note = check_reason(reason, note)
    ids = list(dict.fromkeys(order_ids))
    _check_number(ids)
    scope = _admit(viewer, locks=True)
    rows = _read(ids, scope)
    shown = tuple(_show(row, said or {}) for row in rows)
    open_ = {one.order_id: one.source for one in shown if one.source is not None}
    allowance = allowance_of(viewer)
    if not allowance.is_enough_for(open_):
        raise UnmaskLimit(
            _("今天最多看 %(limit)d 单，还能看 %(left)d 单。")
            % {"limit": allowance.limit, "left": allowance.left},
            limit=allowance.limit,
            left=allowance.left,
        )
    _record(viewer, open_, why, note)
    now = Allowance(allowance.limit, allowance.seen | open_.keys())
    return Unmasked(shown, now.left, now.limit)


def list_questions(*, viewer: Viewer, order_ids: Sequence[int]) -> tuple[Question, ...]:
    """What platforms would have to be asked before these orders can be shown; nothing where showing them would be refused.

    Three statements, no lock: `unmask` decides.
    """
    ids = list(dict.fromkeys(order_ids))
    try:
        _check_number(ids)
        rows = _read(ids, _admit(viewer, locks=False))
    except (MayNotUnmask, NoOrder, BadUnmasking):
        return ()
    asked = tuple(row.question for row in rows if row.question)
    return asked if asked and allowance_of(viewer).is_enough_for(ids) else ()


def allowance_of(viewer: Viewer) -> Allowance:
    """What is left of the viewer's day, by the tenant's calendar.  One statement."""
    found = db.rows(_SEEN.format(viewer.column), current_tenant(), clock.today(), viewer.id)
    return Allowance(max(0, options.get(settings.UNMASK_LIMIT)), frozenset(id_ for (id_,) in found))


def check_reason(reason: str, note: str) -> tuple[UnmaskReason, str]:
    """The reason as it is kept.  Raises BadUnmasking: none, an unknown one, "other" without words, or too many words."""
    note = note.strip()
    if reason not in UnmaskReason.values:
        raise BadUnmasking(_("先选为什么要看。"), code="reason_needed", field="reason")
    if reason == UnmaskReason.OTHER and not note:
        raise BadUnmasking(_("选了“别的”，就写明为什么要看。"), code="note_needed", field="note")
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise BadUnmasking(
            _("太长了，最多 %(n)d 个字。") % {"n": LONGEST_NOTE}, code="too_long", field="note"
        )
    return UnmaskReason(reason), note


def set_policy(*, limit: int, roles: Sequence[str], actor_id: int | None) -> None:
    """How many different orders a person may see a day, and which roles beside the owner.  Raises Invalid by BadUnmasking."""
    if not 0 <= limit <= LARGEST_LIMIT:
        raise BadUnmasking(_("填 0 到 %(n)d 的数。") % {"n": LARGEST_LIMIT}, code="bad_limit", field="limit")
    given = [role.value for role in MAY_BE_GIVEN_PEOPLE if role.value in roles]
    if len(given) != len(set(roles)):
        raise BadUnmasking(_("这个角色不能看完整收件信息。"), code="bad_role", field="roles")
    options.put(settings.UNMASK_LIMIT, limit)
    options.put(settings.UNMASK_ROLES, given)
    accounts.record(
        "set_unmasking", "option", None, actor_id=actor_id, detail={"limit": limit, "roles": given}
    )


def _check_number(ids: Sequence[int]) -> None:
    if not 0 < len(ids) <= MOST:
        raise BadUnmasking(
            _("一次看 1 到 %(n)d 单。") % {"n": MOST}, code="bad_number", field="order_ids", most=MOST
        )


def _admit(viewer: Viewer, *, locks: bool) -> Sequence[int] | None:
    """The facilities whose orders the viewer may see in clear, as his row says now.  Raises MayNotUnmask."""
    is_person = viewer.user_id is not None
    model: Any = Membership if is_person else ApiKey
    columns = "role, facility_ids, is_active" if is_person else "scopes, NULL, revoked_at IS NULL"
    where = "user_id = %s" if is_person else "id = %s"
    if locks:
        found = db.lock(Rank.DOCUMENT, model, columns, where, viewer.id)
    else:
        sql = f'SELECT {columns} FROM "{model._meta.db_table}" WHERE tenant_id = %s AND {where}'
        found = db.rows(sql, current_tenant(), viewer.id)
    if found and found[0][2]:
        first, facilities, _active = found[0]
        if not is_person and SCOPE in _list(first):
            return None
        if is_person:
            member = Membership(role=Role(first), facility_ids=_list(facilities))
            if may_unmask(member):
                return facility_scope(member)
    raise MayNotUnmask(_("您不能看完整的收件信息。要看的话，找老板。"))


def _list(value: Any) -> list[Any]:
    return json.loads(value) if isinstance(value, str) else list(value)


def _read(ids: Sequence[int], scope: Sequence[int] | None) -> list[_Row]:
    """The orders, opened.  Raises NoOrder when one is not there or not in scope: both look the same."""
    found = db.rows(_ORDERS, current_tenant(), db.array(ids), scope is None, db.array(scope or ()))
    rows = {row[0]: _row(row) for row in found}
    missing = [id_ for id_ in ids if id_ not in rows]
    if missing:
        raise NoOrder(_("没有这张单，或者不归您管。"), order_id=missing[0])
    return [rows[id_] for id_ in ids]


def _row(row: tuple[Any, ...]) -> _Row:
    id_, number, sealed, token, platform, external, connection, state, is_quiet, credentials, address = row
    receiver = unseal(current_tenant(), bytes(sealed)) if sealed is not None else None
    known = registry.PLATFORMS.get(platform)
    gap, question = None, None
    if receiver is None:
        gap = Gap.NO_RECEIVER
    elif receiver.is_masked and (
        known is None or not known.capabilities.decrypt or not token or not external
    ):
        gap = Gap.PLATFORM_KEEPS
    elif receiver.is_masked and (connection is None or state != ConnectionState.ACTIVE):
        gap = Gap.NOT_CONNECTED
    elif receiver.is_masked:
        gap = Gap.NOT_ANSWERED
        if not is_quiet:
            question = Question(id_, connection, platform, bytes(credentials), address, external, token)
    return _Row(id_, number, receiver, question, gap)


def _show(row: _Row, said: Said) -> Seen:
    """The platform's words, where it gave them; else what is stored, where that says more than the mask does."""
    heard = said.get(row.order_id) if row.question else None
    if isinstance(heard, Receiver):
        gap = Gap.NOT_GIVEN if heard.is_masked else None
        return Seen(row.order_id, row.number, heard, UnmaskSource.PLATFORM, gap)
    gap = heard or row.gap
    stored = row.receiver
    if stored is None or (stored.is_masked and (not stored.street.strip() or is_mask(stored.street))):
        return Seen(row.order_id, row.number, None, None, gap)
    return Seen(row.order_id, row.number, stored, UnmaskSource.STORED, gap)


def _record(viewer: Viewer, shown: Mapping[int, UnmaskSource], reason: UnmaskReason, note: str) -> None:
    key = {} if viewer.key_id is None else {"api_key": viewer.key_id}
    entries = accounts.record_each(
        "unmask",
        "order",
        {
            id_: {"reason": reason.value, "note": note, "source": source.name, **key}
            for id_, source in shown.items()
        },
        actor_id=viewer.user_id,
    )
    names = ["id", "order", "user_id", "api_key", "entry", "reason", "note", "source", "day"]
    day = clock.today()
    rows = [
        (new, id_, viewer.user_id, viewer.key_id, entries[id_], reason.value, note, int(source), day)
        for new, (id_, source) in zip(db.new_ids(len(shown)), shown.items(), strict=True)
    ]
    db.insert(Unmasking, names, rows)
