"""People and what they are in a tenant."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import make_password

from core import db
from core.accounts import Role
from core.models import AuditEntry, Membership, User


@dataclass(frozen=True, slots=True)
class MembershipCard:
    """One membership, readable before the tenant's scope is open."""

    tenant_id: int
    tenant_name: str
    tenant_slug: str
    role: Role
    facility_ids: tuple[int, ...]


def list_memberships(user_id: int) -> list[MembershipCard]:
    """A person's active memberships, by tenant name.  Through one SECURITY DEFINER function, since no tenant is known yet."""
    found = db.rows(
        "SELECT tenant_id, tenant_name, tenant_slug, role, facility_ids FROM core_memberships(%s)", user_id
    )
    return [
        MembershipCard(t, name, slug, Role(role), tuple(_list(ids))) for t, name, slug, role, ids in found
    ]


def create_user(*, username: str, name: str, password: str, language: str = "zh-hans") -> int:
    """A person who can sign in; returns the id.  Raises IntegrityError when the account name is taken."""
    user = User(
        username=username.strip().casefold(), name=name, language=language, password=make_password(password)
    )
    user.save(force_insert=True)
    return int(user.id)


def set_email(*, user_id: int, email: str) -> None:
    """Where this person gets mail; "" for nowhere but the account's own name.  The person's own doing, kept in the trail of the tenant in
    scope without the address.
    """
    db.execute("UPDATE core_user SET email = %s WHERE id = %s", email.strip(), user_id)
    record("set_email", "user", user_id, actor_id=user_id)


def find_user_id(username: str) -> int | None:
    found = db.rows("SELECT id FROM core_user WHERE username = %s", username.strip().casefold())
    return found[0][0] if found else None


def join(*, user_id: int, role: Role, facility_ids: Sequence[int] = ()) -> int:
    """Make a person a member of the tenant in scope; returns the membership's id."""
    membership_id = db.new_id()
    db.insert(
        Membership,
        ["id", "user_id", "role", "facility_ids", "is_active"],
        [(membership_id, user_id, role.value, json.dumps(list(facility_ids)), True)],
    )
    return membership_id


def record(
    action: str,
    object_kind: str,
    object_id: int | None,
    *,
    actor_id: int | None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """One row of the audit trail, in the transaction of the change it tells of; returns its id, which may serve as a document."""
    entry_id = db.new_id()
    db.insert(
        AuditEntry,
        ["id", "actor_id", "action", "object_kind", "object_id", "detail"],
        [(entry_id, actor_id, action, object_kind, object_id, json.dumps(detail or {}, ensure_ascii=False))],
    )
    return entry_id


def record_each(
    action: str, object_kind: str, details: Mapping[int, Mapping[str, Any]], *, actor_id: int | None
) -> dict[int, int]:
    """One row of the audit trail for each object, in one statement; `details` by object id.  Returns the rows' ids, by object id."""
    ids = dict(zip(details, db.new_ids(len(details)), strict=True))
    db.insert(
        AuditEntry,
        ["id", "actor_id", "action", "object_kind", "object_id", "detail"],
        [
            (ids[object_id], actor_id, action, object_kind, object_id, json.dumps(detail, ensure_ascii=False))
            for object_id, detail in details.items()
        ],
    )
    return ids


def _list(value: Any) -> list[int]:
    return json.loads(value) if isinstance(value, str) else list(value)
