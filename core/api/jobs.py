"""Background jobs over REST: what they did, how far they are; pause, resume, cancel."""

from http import HTTPStatus
from typing import Any, ClassVar

from django.urls import path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.fields import IdField
from core.api.pagination import BY_ID, Sort
from core.api.views import CommandView, ListView, RetrieveView, get_row
from core.job_wishes import Wish
from core.models import Job
from core.models.jobs import Asked, JobStatus
from core.services.jobs import control


class JobRow(serializers.Serializer[Any]):
    id = IdField()
    kind = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=[status.value for status in JobStatus])
    asked = serializers.ChoiceField(
        choices=[asked.value for asked in Asked], help_text="asked of its worker, not done yet"
    )
    rows_total = serializers.IntegerField(allow_null=True)
    rows_done = serializers.IntegerField()
    rows_failed = serializers.IntegerField()
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class Jobs(ListView):
    """Background jobs, the newest first."""

    scope_area = "jobs"
    row_class = JobRow
    sorts = {"-created_at": Sort("created_at", is_descending=True), **BY_ID}
    queryset = Job.objects.defer("params", "cursor", "result")


class OneJob(RetrieveView):
    """One background job."""

    scope_area = "jobs"
    row_class = JobRow
    queryset = Job.objects.defer("params", "cursor", "result")


class JobCommand(serializers.Serializer[Any]):
    """A command without a body."""


class _Control(CommandView):
    scope_area = "jobs"
    serializer_class = JobCommand
    answer_class = JobRow
    refusals = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
    queryset = Job.objects.defer("params", "cursor", "result")
    wish: ClassVar[Wish]

    def post(self, request: Request, pk: int) -> Response:
        get_row(self.get_queryset(), pk)
        control(job_ids=[pk], wish=self.wish, actor_id=None)
        return Response(JobRow(get_row(self.get_queryset(), pk)).data)


class PauseJob(_Control):
    """Pause a job.  At work, it stops before its next chunk; `asked` says so until then.  It keeps its place.  Repeated: nothing."""

    wish = Wish.PAUSE


class ResumeJob(_Control):
    """Let a paused job go on where it was.  Repeated, nothing is done."""

    wish = Wish.RESUME


class CancelJob(_Control):
    """Cancel a job.  What it did stays done: `rows_done` says how much.  Repeated, nothing is done."""

    wish = Wish.CANCEL


urlpatterns = [
    path("jobs/", Jobs.as_view(), name="jobs"),
    path("jobs/<int:pk>/", OneJob.as_view(), name="job"),
    path("jobs/<int:pk>/pause/", PauseJob.as_view(), name="job_pause"),
    path("jobs/<int:pk>/resume/", ResumeJob.as_view(), name="job_resume"),
    path("jobs/<int:pk>/cancel/", CancelJob.as_view(), name="job_cancel"),
]
