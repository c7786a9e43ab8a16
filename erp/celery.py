"""The Celery application.  Everything it knows comes from settings; the broker may lose all of it at any time."""

import gc
import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erp.settings")

# A chunk makes hundreds of thousands of small values that all die with it: the collector's default of 700 would walk them over and over.
COLLECT_AFTER = (50_000, 20, 50)


@worker_process_init.connect
def calm_collector(**kwargs: object) -> None:
    """What was loaded before the fork stays for good and need not be walked."""
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


app = Celery("erp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
