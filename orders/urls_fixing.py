"""Addresses of the pages where one answer serves many orders."""

from django.urls import path

from orders.views import fixing

urlpatterns = [
    path("orders/unknown-codes/", fixing.unknown_codes, name="unknown_codes"),
    path("orders/addresses/", fixing.addresses, name="addresses"),
    path("orders/addresses/<int:order_id>/", fixing.edit_address, name="edit_address"),
    path("orders/remarks/", fixing.remarks, name="remarks"),
]
