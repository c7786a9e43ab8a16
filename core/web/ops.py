"""For the machines that watch over us: is the process alive, can it do its work, what are its numbers."""

import hmac
import ipaddress
import logging
from collections.abc import Callable
from functools import cache
from http import HTTPStatus

import redis
from django.conf import settings
from django.db import DatabaseError, connections
from django.db.migrations.loader import MigrationLoader
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from core import live
from core.web.middleware import public

log = logging.getLogger(__name__)
DATABASE = "default"  # as the app role: that it can sign in is part of the answer


@public
@never_cache
@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """The process answers.  Looks at nothing else: a database that is away is no reason to kill us."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """503 while something that every request needs is missing; says what, without details that help a stranger."""
    checks: dict[str, Callable[[], bool]] = {
        "database": _database,
        "migrations": _migrations,
        "redis": _redis,
    }
    found = {name: check() for name, check in checks.items()}
    is_ready = all(found.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": found}
    return JsonResponse(body, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus.  With the bearer token ERP_METRICS_TOKEN; where none is set, from this machine only.  Else there is no such page."""
    if not _may_see_metrics(request):
        raise Http404
    return ExportToDjangoView(request)  # type: ignore[no-any-return]


def _may_see_metrics(request: HttpRequest) -> bool:
    token = str(settings.ERP_METRICS_TOKEN)
    if token:
        shown = request.headers.get("Authorization", "")
        return hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
    # A proxy on this machine would make every stranger look local.
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


def _database() -> bool:
    try:
        with connections[DATABASE].cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        log.warning("not ready: database", exc_info=True)
        return False


@cache
def _wanted_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)


def _migrations() -> bool:
    """Every migration of this release is applied.  More may be: the next release is already being rolled out."""
    try:
        with connections[DATABASE].cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            return _wanted_migrations() <= set(cursor.fetchall())
    except DatabaseError:
        return False


def _redis() -> bool:
    try:
        return bool(live.client().ping())
    except redis.RedisError:
        log.warning("not ready: redis", exc_info=True)
        return False
