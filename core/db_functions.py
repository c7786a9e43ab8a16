"""SQL functions that Django does not name."""

from django.db import models
from django.db.models import Func


class ClockTimestamp(Func):
    """The instant of the row, not of its transaction's start: facts about one object, written under its lock, sort in order."""

    function = "clock_timestamp"
    output_field = models.DateTimeField()
