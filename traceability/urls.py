"""Addresses of tracing."""

from django.urls import path

from traceability import views

app_name = "traceability"

urlpatterns = [
    path("trace/", views.home, name="home"),
    path("trace/lots/<int:lot_id>/", views.lot, name="lot"),
    path("trace/lots/<int:lot_id>/hold/", views.hold, name="hold"),
    path("trace/lots/<int:lot_id>/parcels.csv", views.export, name="export"),
    path("trace/holds/<int:hold_id>/clear/", views.clear, name="clear"),
    path("trace/orders/<int:order_id>/", views.order, name="order"),
]
