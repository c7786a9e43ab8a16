"""Addresses of stock."""

from django.urls import path

from inventory.views import receiving, skus, stock

app_name = "inventory"

urlpatterns = [
    path("stock/", stock.stock, name="stock"),
    path("stock/receive/", receiving.receive, name="receive"),
    path("stock/receive/read/", receiving.read, name="read_scan"),
    path("stock/balances/<int:balance_id>/", stock.balance, name="balance"),
    path("stock/holds/<int:hold_id>/clear/", stock.clear_hold, name="clear_hold"),
    path("stock/<int:sku_id>/", stock.sku, name="sku"),
    path("stock/<int:sku_id>/moves/", stock.moves, name="moves"),
    path("stock/<int:sku_id>/hold/", stock.hold, name="hold"),
    path("skus/", skus.skus, name="skus"),
    path("skus/new/", skus.new_sku, name="new_sku"),
    path("skus/<int:sku_id>/edit/", skus.edit_sku, name="edit_sku"),
]
