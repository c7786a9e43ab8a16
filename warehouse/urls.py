"""Addresses of the floor."""

from django.urls import path

from warehouse.views import lots, parcels, picking, waves

app_name = "warehouse"

urlpatterns = [
    path("waves/", waves.wave_list, name="waves"),
    path("waves/release/", waves.release, name="release"),
    path("waves/<int:wave_id>/", waves.wave, name="wave"),
    path("waves/<int:wave_id>/paper/", waves.paper, name="paper"),
    path("waves/<int:wave_id>/picked/", waves.confirm_all, name="confirm_all"),
    path("waves/<int:wave_id>/ship/", waves.ship, name="ship"),
    path("waves/<int:wave_id>/pick/", picking.pick, name="pick"),
    path("waves/<int:wave_id>/tasks/", picking.tasks, name="tasks"),
    path("waves/<int:wave_id>/scan/", picking.scan, name="scan"),
    path("waves/<int:wave_id>/short/", picking.short, name="short"),
    path("parcels/", parcels.parcel_list, name="parcels"),
    path("parcels/<int:parcel_id>/", parcels.parcel, name="parcel"),
    path("parcels/<int:parcel_id>/number/", parcels.set_number, name="set_number"),
    path("parcels/<int:parcel_id>/picks/<int:allocation_id>/lot/", lots.pick_lot, name="pick_lot"),
]
