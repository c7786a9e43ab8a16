"""Addresses of connections and of what is said back."""

from django.urls import path

from orders.views import connections

urlpatterns = [
    path("channels/connections/", connections.connection_list, name="connections"),
    path("channels/<int:channel_id>/connection/", connections.edit_connection, name="connection"),
    path("channels/<int:channel_id>/connection/pull/", connections.pull_now, name="pull_now"),
    path("channels/<int:channel_id>/connection/pause/", connections.pause, name="pause_connection"),
    path("ship-backs/", connections.ship_back_list, name="ship_backs"),
    path("ship-backs/retry/", connections.retry, name="retry_ship_back"),
]
