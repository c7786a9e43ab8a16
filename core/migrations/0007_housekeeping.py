"""The one function with which the sys role may forget what is old."""

from typing import Any

from django.conf import settings
from django.db import migrations

from core.housekeeping import FUNCTION

NAME = "core_forget(integer, integer, integer)"


def grant(apps: Any, editor: Any) -> None:
    editor.execute(f"REVOKE ALL ON FUNCTION {NAME} FROM PUBLIC")
    editor.execute(f"GRANT EXECUTE ON FUNCTION {NAME} TO {editor.quote_name(settings.SYS_ROLE)}")


class Migration(migrations.Migration):
    dependencies = [("core", "0006_numbers_wall")]
    operations = [
        migrations.RunSQL(FUNCTION, f"DROP FUNCTION {NAME}"),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
