"""Every address of the API, floor by floor.  What is none of them answers a problem document."""

from django.urls import include, path, re_path

from core.api import docs

app_name = "api"

urlpatterns = [
    path("schema/", docs.schema, name="schema"),
    path("docs/", docs.docs, name="docs"),
    path("", include("core.api.jobs")),
    path("", include("inventory.api.urls")),
    path("", include("warehouse.api")),
    path("", include("o2o.api")),
    path("", include("orders.api")),
    path("", include("traceability.api")),
    re_path("", docs.unknown, name="unknown"),
]
