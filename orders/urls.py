"""Addresses of orders, channels and order files."""

from django.urls import path

from orders.urls_after_sales import urlpatterns as after_sales
from orders.urls_connections import urlpatterns as connections
from orders.urls_fixing import urlpatterns as fixing
from orders.urls_imports import urlpatterns as imports
from orders.urls_invoices import urlpatterns as invoices
from orders.urls_stock_out import urlpatterns as stock_out
from orders.urls_unmasking import urlpatterns as unmasking
from orders.views import (
    channels,
    export,
    gifts,
    hand_split,
    in_part,
    mapping,
    marks,
    order,
    rules,
    shelf_life,
    shipping,
    workbench,
)

app_name = "orders"

urlpatterns = [
    path("orders/", workbench.workbench, name="workbench"),
    path("orders/queues/", workbench.queue_list, name="queues"),
    path("orders/choose/", workbench.choose_all, name="choose_all"),
    path("orders/export/", export.export, name="export"),
    path("orders/release/", marks.release, name="release"),
    path("orders/hold/", marks.hold, name="hold"),
    path("orders/assign/", marks.assign, name="assign"),
    path("orders/note/", marks.note, name="note"),
    path("orders/ready-now/", in_part.ready_now, name="ready_now"),
    path("orders/ready-now/back/", in_part.take_back, name="ready_now_back"),
    path("orders/codes/", mapping.codes, name="codes"),
    path("orders/rules/", rules.rules, name="rules"),
    path("orders/rules/new/", rules.new_rule, name="new_rule"),
    path("orders/rules/try/", rules.try_rule, name="try_rule"),
    path("orders/rules/<int:audit_rule_id>/", rules.rule, name="rule"),
    path("orders/rules/<int:audit_rule_id>/switch/", rules.switch_rule, name="switch_rule"),
    path("orders/gifts/", gifts.gifts, name="gifts"),
    path("orders/gifts/new/", gifts.new_gift, name="new_gift"),
    path("orders/gifts/<int:gift_rule_id>/", gifts.gift, name="gift"),
    path("orders/gifts/<int:gift_rule_id>/switch/", gifts.switch_gift, name="switch_gift"),
    path("orders/plans/", shipping.plans, name="plans"),
    path("orders/plans/<int:facility_id>/", shipping.plan, name="plan"),
    path("orders/carriers/", shipping.carriers, name="carriers"),
    path("orders/carriers/new/", shipping.new_carrier, name="new_carrier"),
    path("orders/carriers/<int:carrier_id>/", shipping.carrier, name="carrier"),
    path("orders/blocked/", shipping.blocked, name="blocked"),
    path("orders/blocked/<int:blocked_id>/remove/", shipping.unblock_one, name="unblock"),
    path("orders/<int:order_id>/", order.order, name="order"),
    path("orders/<int:order_id>/split/", hand_split.split, name="split"),
    path("orders/<int:order_id>/part/", hand_split.part, name="part"),
    path("orders/<int:order_id>/block/", shipping.block_one, name="block"),
    path("orders/<int:order_id>/panel/", order.panel, name="panel"),
    path("channels/", channels.channel_list, name="channels"),
    path("channels/new/", channels.new_channel, name="new_channel"),
    path("channels/shelf-life/", shelf_life.rules, name="shelf_life"),
    path("channels/shelf-life/<int:rule_id>/remove/", shelf_life.remove, name="remove_shelf_life"),
    path("channels/<int:channel_id>/", channels.edit_channel, name="channel"),
    path("fulfil/", channels.fulfil_all, name="fulfil"),
    *after_sales,
    *connections,
    *fixing,
    *imports,
    *invoices,
    *stock_out,
    *unmasking,
]
