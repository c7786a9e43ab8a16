"""Addresses of places and the papers of the floor."""

from django.urls import path

from inventory.views import adjusting, assemblies, bin_moves, bins, place_holds, places, putting_away, recipes

urlpatterns = [
    path("stock/places/", places.places, name="places"),
    path("stock/places/new/", places.new_facility, name="new_facility"),
    path("stock/places/<int:facility_id>/", bins.bins, name="bins"),
    path("stock/places/<int:facility_id>/edit/", places.edit_facility, name="edit_facility"),
    path("stock/places/<int:facility_id>/archive/", places.archive_facility, name="archive_facility"),
    path("stock/places/<int:facility_id>/restore/", places.restore_facility, name="restore_facility"),
    path("stock/places/<int:facility_id>/pattern/", bins.new_bins, name="new_bins"),
    path("stock/places/<int:facility_id>/choose/", bins.choose_bins, name="choose_bins"),
    path("stock/places/<int:facility_id>/change/", bins.change_bins, name="change_bins"),
    path("stock/places/<int:facility_id>/archive-bins/", bins.archive_bins, name="archive_bins"),
    path("stock/places/<int:facility_id>/restore-bins/", bins.restore_bins, name="restore_bins"),
    path("stock/places/<int:facility_id>/choose-labels/", bins.choose_labels, name="choose_labels"),
    path("stock/places/<int:facility_id>/labels/", bins.bin_labels, name="bin_labels"),
    path("stock/moves/new/", bin_moves.new_move, name="new_move"),
    path("stock/put-away/", bin_moves.put_away, name="put_away"),
    path("stock/put-away/<int:facility_id>/hand/", putting_away.hand, name="put_away_hand"),
    path("stock/put-away/<int:facility_id>/tasks/", putting_away.tasks, name="put_away_tasks"),
    path("stock/put-away/<int:facility_id>/scan/", putting_away.scan, name="put_away_scan"),
    path("stock/adjustments/", adjusting.adjustments, name="adjustments"),
    path("stock/adjustments/new/", adjusting.new_adjustment, name="new_adjustment"),
    path("stock/adjustments/<int:adjustment_id>/", adjusting.adjustment, name="adjustment"),
    path(
        "stock/adjustments/<int:adjustment_id>/decide/", adjusting.decide_adjustment, name="decide_adjustment"
    ),
    path("stock/assemblies/", assemblies.assemblies, name="assemblies"),
    path("stock/assemblies/new/", assemblies.new_assembly, name="new_assembly"),
    path("stock/assemblies/apart/", assemblies.new_taking_apart, name="new_taking_apart"),
    path("stock/assemblies/<int:assembly_id>/", assemblies.assembly, name="assembly"),
    path("stock/recipes/", recipes.recipes, name="recipes"),
    path("stock/recipes/new/", recipes.new_recipe, name="new_recipe"),
    path("stock/recipes/<int:sku_id>/", recipes.edit_recipe, name="edit_recipe"),
    path("stock/expired/", adjusting.expired, name="expired"),
    path("stock/holds/", place_holds.place_holds, name="place_holds"),
]
