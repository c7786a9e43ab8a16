"""Addresses of stock over REST, one list a topic."""

from inventory.api import stock

urlpatterns = [*stock.urlpatterns]
