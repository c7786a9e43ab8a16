"""Addresses of the catalogue: SKUs, products, categories, bundles, files of them."""

from django.urls import path

from inventory.views import bundles, catalogue_files, pictures, products, skus

urlpatterns = [
    path("skus/", skus.skus, name="skus"),
    path("skus/new/", skus.new_sku, name="new_sku"),
    path("skus/export/", catalogue_files.export_skus, name="export_skus"),
    path("skus/import/", catalogue_files.imports, name="catalogue_imports"),
    path("skus/import/<int:catalogue_import_id>/", catalogue_files.import_page, name="catalogue_import"),
    path(
        "skus/import/<int:catalogue_import_id>/start/",
        catalogue_files.start_import,
        name="start_catalogue_import",
    ),
    path("skus/<int:sku_id>/edit/", skus.edit_sku, name="edit_sku"),
    path("skus/<int:sku_id>/shelve/", skus.shelve_sku, name="shelve_sku"),
    path("skus/<int:sku_id>/pictures/", pictures.add_picture, name="add_picture"),
    path("skus/pictures/<int:picture_id>/", pictures.picture, name="picture"),
    path("skus/pictures/<int:picture_id>/small/", pictures.thumbnail, name="thumbnail"),
    path("skus/pictures/<int:picture_id>/remove/", pictures.remove_picture, name="remove_picture"),
    path("skus/products/", products.products, name="products"),
    path("skus/products/new/", products.new_product, name="new_product"),
    path("skus/products/<int:product_id>/", products.edit_product, name="edit_product"),
    path("skus/categories/", products.categories, name="categories"),
    path("skus/categories/<int:category_id>/", products.edit_category, name="edit_category"),
    path("skus/bundles/", bundles.bundles, name="bundles"),
    path("skus/bundles/new/", bundles.new_bundle, name="new_bundle"),
    path("skus/bundles/export/", catalogue_files.export_bundles, name="export_bundles"),
    path("skus/bundles/<int:bundle_id>/", bundles.edit_bundle, name="edit_bundle"),
    path("skus/bundles/<int:bundle_id>/shelve/", bundles.shelve_bundle, name="shelve_bundle"),
]
