"""Addresses of invoices that buyers ask for."""

from django.urls import path

from orders.views import invoices, invoices_export

urlpatterns = [
    path("invoices/", invoices.invoices, name="invoices"),
    path("invoices/choose/", invoices.choose, name="choose_invoices"),
    path("invoices/mark/", invoices.mark, name="mark_invoices"),
    path("invoices/paste/", invoices.paste, name="paste_invoices"),
    path("invoices/export/", invoices_export.export, name="export_invoices"),
    path("invoices/<int:invoice_id>/", invoices.edit, name="invoice"),
    path("orders/<int:order_id>/invoices/", invoices.of_order, name="invoices_of"),
    path("orders/<int:order_id>/invoice/", invoices.new, name="new_invoice"),
]
