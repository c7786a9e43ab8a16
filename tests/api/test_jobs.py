"""Background jobs by key: pause, resume, cancel, each once however often it is said."""

from core.models import AuditEntry
from core.models.jobs import JobStatus
from core.tenancy import tenant
from tests.api.client import Api
from tests.builders import make_job


def test_pause_resume_cancel_over_rest(api: Api, tenant_id: int) -> None:
    with tenant(tenant_id):
        job_id = make_job(status=JobStatus.QUEUED)
    said = []
    for wish in ("pause", "pause", "resume", "pause", "cancel", "cancel"):
        answer = api.post(f"jobs/{job_id}/{wish}/")
        assert answer.status_code == 200, answer.content
        said.append(answer.json()["status"])
    assert said == ["PAUSED", "PAUSED", "QUEUED", "PAUSED", "CANCELLED", "CANCELLED"]
    seen = api.get(f"jobs/{job_id}/").json()
    assert (seen["status"], seen["asked"], seen["finished_at"] is None) == ("CANCELLED", "", False)
    for wish in ("pause", "resume"):
        refusal = api.post(f"jobs/{job_id}/{wish}/")
        assert (refusal.status_code, refusal.json()["code"]) == (409, "job_ended")
    with tenant(tenant_id):
        assert AuditEntry.objects.filter(object_kind="job", object_id=job_id).count() == 4


def test_a_job_of_somebody_else_is_not_there(api: Api, other_tenant_id: int) -> None:
    with tenant(other_tenant_id):
        job_id = make_job(status=JobStatus.QUEUED)
    for wish in ("pause", "resume", "cancel"):
        assert api.post(f"jobs/{job_id}/{wish}/").status_code == 404
