"""Addresses of receivers in clear."""

from django.urls import path

from orders.views import unmasking

urlpatterns = [
    path("orders/unmaskings/", unmasking.unmaskings, name="unmaskings"),
    path("orders/unmaskings/allow/", unmasking.allow_unmasking, name="allow_unmasking"),
    path("orders/<int:order_id>/unmask/", unmasking.unmask, name="unmask"),
]
