"""Keys of integrators: `Authorization: Bearer cf_<tenant>_<key>_<secret>`.

The tenant and the key's number stand in clear, so that the tenant's scope can be opened first; the secret is checked inside it.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core import db
from core.models import ApiKey, Tenant
from core.tenancy import current_tenant, find_tenant

_TOKEN = re.compile(r"Bearer cf_(\d{1,16})_(\d{1,16})_([A-Za-z0-9_-]{20,80})")
SCOPES = (
    "orders:read",
    "orders:write",
    "orders:unmask",
    "stock:read",
    "stock:write",
    "warehouse:read",
    "warehouse:write",
    "o2o:read",
    "o2o:write",
    "trace:read",
    "trace:write",
    "jobs:read",
    "jobs:write",
)
NAMED_ONLY = ("orders:unmask",)  # a key has these only where somebody asked for them by name


@dataclass(frozen=True, slots=True)
class Integrator:
    """Who calls: one key.  Stands where Django expects a user."""

    key_id: int
    name: str
    scopes: frozenset[str]
    is_authenticated: bool = True
    is_active: bool = True

    @property
    def pk(self) -> int:
        return self.key_id


def tenant_of_key(header: str) -> int | None:
    """The tenant a token says it belongs to; nothing is believed yet."""
    match = _TOKEN.fullmatch(header)
    return int(match[1]) if match else None


class ApiKeyAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Integrator, ApiKey]:
        match = _TOKEN.fullmatch(request.headers.get("Authorization", ""))
        if match is None or find_tenant() != int(match[1]):
            raise AuthenticationFailed(_("要带上密钥：Authorization: Bearer cf_…"), code="key_missing")
        key = ApiKey.objects.filter(id=int(match[2]), revoked_at__isnull=True).first()
        if key is None or not hmac.compare_digest(key.secret_hash, _hash(match[3])):
            raise AuthenticationFailed(_("密钥不对，或已停用。"), code="key_wrong")
        request._request.tenant = Tenant.objects.get(id=current_tenant())  # type: ignore[attr-defined]  # noqa: SLF001
        return Integrator(key.id, key.name, frozenset(key.scopes)), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """The view names its area (`scope_area = "orders"`); reading needs area:read, anything else area:write, or its `scope_action`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        action = "read" if request.method in {"GET", "HEAD", "OPTIONS"} else "write"
        action = getattr(view, "scope_action", "") or action
        self.message = _("这把密钥没有权限：%(scope)s") % {"scope": f"{view.scope_area}:{action}"}
        return f"{view.scope_area}:{action}" in caller(request).scopes


def caller(request: Request) -> Integrator:
    """Who calls, after authentication."""
    return cast(Integrator, request.user)


def make_key(*, name: str, scopes: Sequence[str], created_by: int | None = None) -> str:
    """A new key for the tenant in scope.  Returns the whole token: it is shown once and never again."""
    key_id, secret = db.new_id(), secrets.token_urlsafe(32)
    db.insert(
        ApiKey,
        ["id", "name", "secret_hash", "scopes", "created_by"],
        [(key_id, name, _hash(secret), json.dumps(list(scopes)), created_by)],
    )
    return f"cf_{current_tenant()}_{key_id}_{secret}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
