"""The roof: composes every floor, holds no logic."""

from erp.celery import app as celery_app

__all__ = ["celery_app"]
