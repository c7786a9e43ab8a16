"""The one function with which the app may ask for fresh planner statistics."""

from typing import Any

from django.conf import settings
from django.db import migrations

from core.statistics import FUNCTION


def grant(apps: Any, editor: Any) -> None:
    editor.execute("REVOKE ALL ON FUNCTION core_refresh_statistics() FROM PUBLIC")
    editor.execute(f"GRANT EXECUTE ON FUNCTION core_refresh_statistics() TO {editor.quote_name(settings.APP_ROLE)}")


class Migration(migrations.Migration):
    dependencies = [("core", "0003_global_grants")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION core_refresh_statistics()"),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
