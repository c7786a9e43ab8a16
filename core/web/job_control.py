"""Pause, resume and cancel a background job from its page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from core.accounts import Role
from core.job_wishes import Change, Wish
from core.models.jobs import Asked, JobStatus
from core.services.jobs import control as change_jobs
from core.web.access import needs_role
from core.web.parts import Toast
from core.web.toasts import say, toast_event


@require_POST
@needs_role(Role.OPERATOR)
def control(request: HttpRequest, job_id: int, wish: str) -> HttpResponse:
    """One wish for one job; every page that shows the job asks again."""
    changed = change_jobs(job_ids=[job_id], wish=Wish(wish), actor_id=request.user.pk)[job_id]
    toast = Toast(_told(changed), "done" if changed is None or not changed.asked else "live")
    if not request.headers.get("HX-Request"):
        say(request, toast)
        return redirect("core:job", job_id)
    return trigger_client_event(toast_event(HttpResponse(status=204), toast), "cf:refetch")


def _told(change: Change | None) -> str:
    if change is None:
        return _("已经是这样了。")
    if change.asked == Asked.PAUSE:
        return _("做完手上这一批就暂停。")
    if change.asked == Asked.CANCEL:
        return _("做完手上这一批就取消，做了的不撤回。")
    if change.status == JobStatus.PAUSED:
        return _("暂停了。")
    if change.status == JobStatus.CANCELLED:
        return _("取消了，做了的不撤回。")
    return _("接着做。")
