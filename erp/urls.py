"""Every address of the product."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

from core.web import ops

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("core.web.urls")),
    path("", include("orders.urls")),
    path("", include("inventory.urls")),
    path("", include("warehouse.urls")),
    path("", include("traceability.urls")),
    path("o2o/", include("o2o.urls")),
    path("api/v1/", include("erp.api_urls")),
    path("health/live", ops.alive, name="alive"),
    path("health/ready", ops.ready, name="ready"),
    path("metrics", ops.metrics, name="metrics"),
]

handler400 = "core.web.refusals.bad_request"
handler403 = "core.web.refusals.permission_denied"
handler404 = "core.web.refusals.page_not_found"
handler500 = "core.web.refusals.server_error"
