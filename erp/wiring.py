"""Who listens to which fact, and which function does which job.  The one table that knows every floor."""

from collections.abc import Mapping

from core.jobs import JobFunction
from core.relay import Handler

HANDLERS: Mapping[str, tuple[Handler, ...]] = {}

JOBS: Mapping[str, JobFunction] = {}
