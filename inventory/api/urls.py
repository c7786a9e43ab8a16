"""Addresses of stock over REST, one list a topic."""

from inventory.api import (
    catalogue,
    counts,
    kits,
    lots,
    papers,
    places,
    purchasing,
    stock,
    transfers,
    warnings,
)

urlpatterns = [
    *stock.urlpatterns,
    *lots.urlpatterns,
    *purchasing.urlpatterns,
    *transfers.urlpatterns,
    *counts.urlpatterns,
    *kits.urlpatterns,
    *catalogue.urlpatterns,
    *papers.urlpatterns,
    *places.urlpatterns,
    *warnings.urlpatterns,
]
