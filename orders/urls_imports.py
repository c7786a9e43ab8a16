"""Addresses of the import pages; included by orders.urls."""

from django.urls import path

from orders.views import imports

urlpatterns = [
    path("imports/", imports.import_list, name="imports"),
    path("imports/new/", imports.import_new, name="import_new"),
    path("imports/<int:import_id>/", imports.import_page, name="import"),
    path("imports/<int:import_id>/start/", imports.import_start, name="import_start"),
    path("imports/<int:import_id>/live/", imports.import_live, name="import_live"),
    path("imports/<int:import_id>/problems/", imports.import_problems, name="import_problems"),
    path("imports/<int:import_id>/stopped/", imports.import_stopped, name="import_stopped"),
    path("imports/<int:import_id>/problems.csv", imports.import_export, name="import_export"),
]
