"""The events process: live updates by SSE, nothing else."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")
django.setup()

from core.web.events import events_app  # noqa: E402  needs the apps to be ready

application = events_app
