"""The ground floor as a Django app."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from core import checks  # noqa: F401  registers the system checks
        from core.behind import watch
        from core.web.field_words import use_our_words

        use_our_words()
        connection_created.connect(watch, dispatch_uid="core.behind")
