"""What the app role may do with the global tables of Django and of the sign-in guard: no more than they need."""

from typing import Any

from django.conf import settings
from django.db import migrations

GUARD = ("axes_accessattempt", "axes_accesslog", "axes_accessfailurelog", "axes_accessattemptexpiration")


def grant(apps: Any, editor: Any) -> None:
    app = editor.quote_name(settings.APP_ROLE)
    sys = editor.quote_name(settings.SYS_ROLE)
    with editor.connection.cursor() as cursor:
        tables = set(editor.connection.introspection.table_names(cursor))
        for table in ("django_session", *GUARD):
            if table not in tables:
                continue
            editor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {app}")
            if sequence := _sequence(cursor, table):
                editor.execute(f"GRANT USAGE ON SEQUENCE {sequence} TO {app}")
    editor.execute(f"GRANT SELECT ON django_content_type, auth_permission, django_migrations TO {app}")
    editor.execute(f"GRANT SELECT ON django_migrations TO {sys}")


def _sequence(cursor: Any, table: str) -> str | None:
    cursor.execute("SELECT EXISTS (SELECT FROM information_schema.columns WHERE table_name = %s AND column_name = 'id')", [table])
    if not cursor.fetchone()[0]:
        return None
    cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
    return cursor.fetchone()[0]  # type: ignore[no-any-return]


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0002_walls"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("axes", "0010_accessattemptexpiration"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
