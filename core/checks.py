"""System checks: a tenant table that is not walled stops the start."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from core.secure import GLOBAL_TABLES, UNWALLED_SQL, loose_ends
from core.tenancy import TenantRow


@register()
def tenant_models_are_tight(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """No model can be declared that would reach into another tenant."""
    models = [m for m in apps.get_models() if issubclass(m, TenantRow)]
    return [Error(text, id="core.E001") for model in models for text in loose_ends(model)]


@register(Tags.database)
def tenant_tables_are_walled(
    app_configs: Sequence[Any] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Every table in the database is walled, or on the list of global tables."""
    return [
        Error(f"{table}: {problem}", id="core.E002")
        for alias in databases or []
        for table, problem in unwalled(alias)
    ]


def unwalled(alias: str) -> list[tuple[str, str]]:
    """(table, what is missing) of every table that could leak."""
    with connections[alias].cursor() as cursor:
        cursor.execute(UNWALLED_SQL, [sorted(GLOBAL_TABLES)])
        return [(table, problem) for table, problem in cursor.fetchall() if problem]
