"""PostgreSQL backend that knows tenants: it refuses an app role that row-level security would not bind."""

from functools import cache

from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base

from core.pg.operations import DatabaseOperations

APP_ALIAS = "default"


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self.alias == APP_ALIAS:
            _refuse_powerful_role(self)


@cache
def _checked_roles() -> set[tuple[str, str]]:
    return set()


def _refuse_powerful_role(wrapper: DatabaseWrapper) -> None:
    """The wall is row-level security; a role that may walk around it must never serve the web or a worker."""
    key = (str(wrapper.settings_dict["NAME"]), str(wrapper.settings_dict["USER"]))
    if key in _checked_roles():
        return
    with wrapper.connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR rolbypassrls OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid"
            " AND c.relnamespace = current_schema()::regnamespace) FROM pg_roles r WHERE rolname = current_user"
        )
        (powerful,) = cursor.fetchone()
    if powerful:
        raise ImproperlyConfigured(
            f"DATABASE_URL signs in as “{key[1]}”, which is superuser, owns tables or bypasses row-level security. "
            "Use the app role (NOSUPERUSER NOBYPASSRLS, owns nothing)."
        )
    _checked_roles().add(key)
