"""Addresses of orders, channels and order files."""

from django.urls import path

from orders.urls_imports import urlpatterns as imports
from orders.views import channels, mapping, order, shelf_life, workbench

app_name = "orders"

urlpatterns = [
    path("orders/", workbench.workbench, name="workbench"),
    path("orders/queues/", workbench.queue_list, name="queues"),
    path("orders/choose/", workbench.choose_all, name="choose_all"),
    path("orders/release/", workbench.release, name="release"),
    path("orders/codes/", mapping.codes, name="codes"),
    path("orders/<int:order_id>/", order.order, name="order"),
    path("orders/<int:order_id>/panel/", order.panel, name="panel"),
    path("channels/", channels.channel_list, name="channels"),
    path("channels/new/", channels.new_channel, name="new_channel"),
    path("channels/shelf-life/", shelf_life.rules, name="shelf_life"),
    path("channels/shelf-life/<int:rule_id>/remove/", shelf_life.remove, name="remove_shelf_life"),
    path("channels/<int:channel_id>/", channels.edit_channel, name="channel"),
    path("fulfil/", channels.fulfil_all, name="fulfil"),
    *imports,
]
