"""Addresses of stock."""

from django.urls import path

from inventory import urls_catalogue, urls_places, urls_purchasing
from inventory.views import balances, counting, counts, ledgers, lots, receiving, stock, warnings

app_name = "inventory"

urlpatterns = [
    path("stock/", stock.stock, name="stock"),
    path("stock/receive/", receiving.receive, name="receive"),
    path("stock/receive/read/", receiving.read, name="read_scan"),
    path("stock/warnings/", warnings.warnings, name="warnings"),
    path("stock/warnings/counts/", warnings.warning_counts, name="warning_counts"),
    path("stock/warnings/export/", warnings.export_warnings, name="export_warnings"),
    path("stock/digests/", warnings.digests, name="digests"),
    path("stock/digests/<int:digest_id>/", warnings.digest, name="digest"),
    path("stock/balances/", balances.balances, name="balances"),
    path("stock/balances/<int:balance_id>/", stock.balance, name="balance"),
    path("stock/holds/<int:hold_id>/clear/", stock.clear_hold, name="clear_hold"),
    path("stock/<int:sku_id>/", stock.sku, name="sku"),
    path("stock/lots/", lots.lots, name="lots"),
    path("stock/lots/<int:lot_id>/", lots.lot, name="lot"),
    path("stock/lots/<int:lot_id>/hold/", lots.hold_lot, name="hold_lot"),
    path("stock/lots/<int:lot_id>/ledger/", ledgers.lot_ledger, name="lot_ledger"),
    path("stock/bins/<int:bin_id>/ledger/", ledgers.bin_ledger, name="bin_ledger"),
    path("stock/<int:sku_id>/ledger/", ledgers.sku_ledger, name="sku_ledger"),
    path("stock/<int:sku_id>/taken/", ledgers.taken, name="taken"),
    path("stock/<int:sku_id>/moves/", stock.moves, name="moves"),
    path("stock/<int:sku_id>/hold/", stock.hold, name="hold"),
    *urls_catalogue.urlpatterns,
    *urls_places.urlpatterns,
    *urls_purchasing.urlpatterns,
    path("counts/", counts.count_list, name="counts"),
    path("counts/new/", counts.new_count, name="new_count"),
    path("counts/<int:count_id>/", counts.count, name="count"),
    path("counts/<int:count_id>/accept/", counts.accept, name="count_accept"),
    path("counts/<int:count_id>/recount/", counts.recount, name="count_recount"),
    path("counts/<int:count_id>/post/", counts.post, name="post_count"),
    path("counts/<int:count_id>/cancel/", counts.cancel, name="cancel_count"),
    path("counts/<int:count_id>/hand/", counting.hand, name="count_hand"),
    path("counts/<int:count_id>/next/", counting.next_task, name="count_next"),
    path("counts/tasks/<int:task_id>/", counting.hand_in, name="count_hand_in"),
    path("counts/tasks/<int:task_id>/arrive/", counting.arrive, name="count_arrive"),
    path("counts/tasks/<int:task_id>/read/", counting.read, name="count_read"),
    path("counts/tasks/<int:task_id>/back/", counting.give_back, name="count_back"),
]
