"""Addresses of the ground floor's pages."""

from django.urls import path
from django.views.i18n import set_language

from core.web import job_control, me, views
from core.web.middleware import public

app_name = "core"

urlpatterns = [
    path("", views.home, name="home"),
    path("signin/", views.signin, name="signin"),
    path("signout/", views.signout, name="signout"),
    path("tenant/", views.choose_tenant, name="choose_tenant"),
    path("tenant/switch/", views.switch_tenant, name="switch_tenant"),
    path("language/", public(set_language), name="set_language"),
    path("me/", me.me, name="me"),
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/badge/", views.jobs_badge, name="jobs_badge"),
    path("jobs/<int:job_id>/", views.job, name="job"),
    path("jobs/<int:job_id>/strip/", views.job_strip, name="job_strip"),
    path("jobs/<int:job_id>/pause/", job_control.control, {"wish": "pause"}, name="job_pause"),
    path("jobs/<int:job_id>/resume/", job_control.control, {"wish": "resume"}, name="job_resume"),
    path("jobs/<int:job_id>/cancel/", job_control.control, {"wish": "cancel"}, name="job_cancel"),
    path("kit/", views.kit_page, name="kit"),
]
