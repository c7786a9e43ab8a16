"""The stock API under api/, oscar's own pages, and the one call that an integrator adds."""

from typing import Any

from django.apps import apps
from django.urls import include, path

from tests.campaigns.shop.mall import shipments

oscar: Any = apps.get_app_config("oscar")
urlpatterns = [
    path("api/admin/shipments/", shipments.view),
    path("api/", include("oscarapi.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(oscar.urls[0])),
]
