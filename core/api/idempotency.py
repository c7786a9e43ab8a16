"""A request that carries an Idempotency-Key has its effect once; sent again, it gets the same answer, byte for byte.

The answer is stored in the transaction of the effect: both are there, or neither is.  A refused request leaves nothing, so it may be
sent again with the same key once its cause is gone.
"""

import hashlib
import re
from base64 import b64decode
from dataclasses import dataclass

from django.db import OperationalError
from django.utils.translation import gettext as _
from rest_framework.request import Request

from core import crypto, db
from core.api.errors import InProgress, Malformed
from core.errors import Conflict
from core.models import IdempotentRequest
from core.tenancy import current_tenant

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_SOUND = re.compile(r"[\x21-\x7e]{1,120}")
_TABLE = IdempotentRequest._meta.db_table
LOCK_NOT_AVAILABLE = "55P03"
PURPOSE, SEALED = "answer", "sealed:"  # no JSON begins like this


@dataclass(frozen=True, slots=True)
class Claim:
    """This transaction holds the key: its answer is the one to be stored."""

    row_id: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer that was given before."""

    status: int
    body: str


def key_of(request: Request) -> str | None:
    """The request's key, if it has one.  Raises Malformed for one that is not 1 to 120 visible ASCII characters."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _SOUND.fullmatch(key):
        raise Malformed(
            _("%(header)s 要 1 到 120 个可见的英文字符。") % {"header": HEADER},
            code="idempotency_key_malformed",
        )
    return key


def hash_of(method: str, path: str, body: bytes) -> str:
    """What must be equal for a request to be the same request."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


def claim(api_key_id: int, key: str, request_hash: str) -> Claim | Stored:
    """Take the key in the open transaction, or return the stored answer.

    Two requests at once: the second waits on the unique index until the first commits (then it is answered with that answer) or
    rolls back (then it goes on itself).  Raises Conflict `idempotency_conflict` when the key was used for another request,
    InProgress when the wait is longer than the lock timeout.
    """
    row_id, tenant_id = db.new_id(), current_tenant()
    try:
        taken = db.rows(
            f"INSERT INTO {_TABLE} (tenant_id, id, api_key_id, key, request_hash, status, response)"
            " VALUES (%s, %s, %s, %s, %s, 0, '') ON CONFLICT (tenant_id, api_key_id, key) DO NOTHING RETURNING id",
            tenant_id,
            row_id,
            api_key_id,
            key,
            request_hash,
        )
    except OperationalError as waited:
        if getattr(waited.__cause__, "pgcode", None) != LOCK_NOT_AVAILABLE:
            raise
        raise InProgress(_("同一个请求正在处理，请稍后原样重试。")) from None
    if taken:
        return Claim(row_id)
    ((stored_hash, status, body),) = db.rows(
        f"SELECT request_hash, status, response FROM {_TABLE} WHERE tenant_id = %s AND api_key_id = %s AND key = %s",
        tenant_id,
        api_key_id,
        key,
    )
    if stored_hash != request_hash:
        raise Conflict(_("这个幂等键已用在另一个请求上，请换一个。"), code="idempotency_conflict", key=key)
    return Stored(status, _opened(tenant_id, body))


def find_answered(api_key_id: int, key: str) -> bool:
    """Whether a request with this key has been answered: it will be replayed, or refused as another one."""
    sql = f"SELECT 1 FROM {_TABLE} WHERE tenant_id = %s AND api_key_id = %s AND key = %s"
    return bool(db.rows(sql, current_tenant(), api_key_id, key))


def _opened(tenant_id: int, body: str) -> str:
    if not body.startswith(SEALED):
        return body
    return crypto.unseal(tenant_id, PURPOSE, b64decode(body.removeprefix(SEALED)))


def store(claimed: Claim, status: int, body: str, *, is_sealed: bool = False) -> None:
    """Keep the answer, in the transaction of the effect; sealed where it holds what is nowhere kept in clear."""
    if is_sealed:
        body = SEALED + db.base64(crypto.seal(current_tenant(), PURPOSE, body))
    db.execute(
        f"UPDATE {_TABLE} SET status = %s, response = %s WHERE tenant_id = %s AND id = %s",
        status,
        body,
        current_tenant(),
        claimed.row_id,
    )
