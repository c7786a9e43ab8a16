"""Health, readiness, metrics."""

import pytest
from django.test import Client

from core.web import ops


def test_alive(database: object) -> None:
    answer = Client().get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_ready_looks_at_database_migrations_and_redis(
    database: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Client().get("/health/ready")
    assert answer.status_code == 200
    assert answer.json()["checks"] == {"database": True, "migrations": True, "redis": True}
    monkeypatch.setattr(ops, "_wanted_migrations", lambda: frozenset({("core", "9999_later")}))
    late = Client().get("/health/ready")
    assert (late.status_code, late.json()["checks"]["migrations"]) == (503, False)


def test_metrics_are_for_this_machine_or_the_token(database: object, settings: pytest.FixtureRequest) -> None:
    settings.ERP_METRICS_TOKEN = ""  # type: ignore[attr-defined]
    assert b"django_http_requests" in Client().get("/metrics").content
    assert Client().get("/metrics", REMOTE_ADDR="192.0.2.1").status_code == 404
    assert Client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 404
    settings.ERP_METRICS_TOKEN = "s3cret"  # type: ignore[attr-defined]
    assert Client().get("/metrics").status_code == 404
    assert Client().get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    shown = Client().get("/metrics", REMOTE_ADDR="192.0.2.1", headers={"Authorization": "Bearer s3cret"})
    assert shown.status_code == 200
