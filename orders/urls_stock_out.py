"""Addresses of the stock that channels are told."""

from django.urls import path

from orders.views import stock_out

urlpatterns = [
    path("channels/stock-out/", stock_out.out_list, name="stock_outs"),
    path("channels/<int:channel_id>/stock-out/", stock_out.one_channel, name="stock_out"),
    path("channels/<int:channel_id>/stock-out/settings/", stock_out.save_settings, name="stock_out_settings"),
    path("channels/<int:channel_id>/stock-out/listings/", stock_out.save_listings, name="stock_out_listings"),
    path(
        "channels/<int:channel_id>/stock-out/listings/remove/",
        stock_out.remove_listing,
        name="stock_out_unlist",
    ),
    path("channels/<int:channel_id>/stock-out/strategy/", stock_out.save_strategy, name="stock_out_strategy"),
    path("channels/<int:channel_id>/stock-out/say/", stock_out.say_now, name="stock_out_say"),
]
