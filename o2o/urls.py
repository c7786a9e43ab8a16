"""Addresses of the rounds."""

from django.urls import path

from o2o import views

app_name = "o2o"

urlpatterns = [
    path("", views.board, name="board"),
    path("dispatches/<int:dispatch_id>/", views.dispatch, name="dispatch"),
    path("dispatches/<int:dispatch_id>/warehouse/", views.send_to_warehouse, name="send_to_warehouse"),
    path("store/", views.choose_store, name="choose_store"),
    path("store/<int:facility_id>/", views.store, name="store"),
    path("store/<int:facility_id>/<int:dispatch_id>/", views.offer, name="offer"),
    path("store/<int:facility_id>/<int:dispatch_id>/grab/", views.grab, name="grab"),
    path("store/<int:facility_id>/<int:dispatch_id>/decline/", views.decline, name="decline"),
    path("store/<int:facility_id>/<int:dispatch_id>/hand-over/", views.hand_over, name="hand_over"),
]
