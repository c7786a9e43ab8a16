"""Addresses of buying and of goods between facilities."""

from django.urls import path

from inventory.views import (
    purchase_edit,
    purchases,
    receiving,
    replenishing,
    suppliers,
    transfer_arrival,
    transfers,
)

urlpatterns = [
    path("purchases/", purchases.purchases, name="purchases"),
    path("purchases/new/", purchase_edit.new_purchase, name="new_purchase"),
    path("purchases/proposals/", replenishing.proposed, name="proposals"),
    path("purchases/safety/", replenishing.safety_stock, name="safety"),
    path("purchases/suppliers/", suppliers.suppliers, name="suppliers"),
    path("purchases/suppliers/new/", suppliers.new_supplier, name="new_supplier"),
    path("purchases/suppliers/<int:supplier_id>/", suppliers.edit_supplier, name="supplier"),
    path(
        "purchases/suppliers/<int:supplier_id>/archive/", suppliers.archive_supplier, name="archive_supplier"
    ),
    path(
        "purchases/suppliers/<int:supplier_id>/restore/", suppliers.restore_supplier, name="restore_supplier"
    ),
    path("purchases/<int:purchase_id>/", purchases.purchase, name="purchase"),
    path("purchases/<int:purchase_id>/edit/", purchase_edit.edit_purchase, name="edit_purchase"),
    path("purchases/<int:purchase_id>/open/", purchases.open_purchase, name="open_purchase"),
    path("purchases/<int:purchase_id>/close/", purchases.close_purchase, name="close_purchase"),
    path("purchases/<int:purchase_id>/cancel/", purchases.cancel_purchase, name="cancel_purchase"),
    path("purchases/<int:purchase_id>/csv/", purchases.purchase_csv, name="purchase_csv"),
    path("purchases/<int:purchase_id>/paper/", purchases.purchase_paper, name="purchase_paper"),
    path("purchases/<int:purchase_id>/receive/", receiving.receive_purchase, name="receive_purchase"),
    path("transfers/", transfers.transfer_list, name="transfers"),
    path("transfers/new/", transfers.new_transfer, name="new_transfer"),
    path("transfers/<int:transfer_id>/", transfers.transfer, name="transfer"),
    path("transfers/<int:transfer_id>/edit/", transfers.edit_transfer, name="edit_transfer"),
    path("transfers/<int:transfer_id>/send/", transfers.send_transfer, name="send_transfer"),
    path("transfers/<int:transfer_id>/cancel/", transfers.cancel_transfer, name="cancel_transfer"),
    path("transfers/<int:transfer_id>/arrive/", transfer_arrival.arrive, name="arrive_transfer"),
]
