"""Background jobs over REST: what they did, how far they are."""

from typing import Any

from django.urls import path
from rest_framework import serializers

from core.api.fields import IdField
from core.api.pagination import BY_ID, Sort
from core.api.views import ListView, RetrieveView
from core.models import Job
from core.models.jobs import JobStatus


class JobRow(serializers.Serializer[Any]):
    id = IdField()
    kind = serializers.CharField()
    title = serializers.CharField()
    status = serializers.ChoiceField(choices=[status.value for status in JobStatus])
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


urlpatterns = [
    path("jobs/", Jobs.as_view(), name="jobs"),
    path("jobs/<int:pk>/", OneJob.as_view(), name="job"),
]
