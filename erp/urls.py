"""Every address of the product."""

from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("core.web.urls")),
    path("api/v1/", include("erp.api_urls")),
]
