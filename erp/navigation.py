"""The rail at the left: what each role sees, and where it starts."""

from django.utils.translation import gettext_lazy as _

from core.accounts import Role
from core.web.navigation import NavItem

OFFICE = (Role.OPERATOR, Role.FINANCE, Role.READONLY)

NAVIGATION: tuple[NavItem, ...] = (
    NavItem(
        _("订单"),
        "clipboard-list",
        "orders:workbench",
        (*OFFICE, Role.WAREHOUSE, Role.QUALITY),
        key="o",
        home_of=(Role.OWNER, *OFFICE),
        covers=("/channels/", "/fulfil/", "/ship-backs/", "/after-sales/"),
    ),
    NavItem(
        _("仓库"),
        "forklift",
        "warehouse:waves",
        (Role.OPERATOR, Role.WAREHOUSE, Role.QUALITY, Role.READONLY),
        key="w",
        home_of=(Role.WAREHOUSE,),
        covers=("/parcels/",),
    ),
    NavItem(_("门店"), "map-pins", "o2o:board", (Role.OPERATOR, Role.READONLY), key="d"),
    NavItem(_("我的店"), "building-store", "o2o:choose_store", (Role.STORE,), home_of=(Role.STORE,)),
    NavItem(_("库存"), "packages", "inventory:stock", key="s", covers=("/skus/", "/counts/")),
    NavItem(
        _("采购"),
        "truck-delivery",
        "inventory:purchases",
        (Role.OPERATOR, Role.WAREHOUSE, Role.STORE, Role.FINANCE, Role.READONLY),
        key="p",
        covers=("/transfers/",),
    ),
    NavItem(
        _("追溯"),
        "git-fork",
        "traceability:home",
        (Role.OPERATOR, Role.QUALITY, Role.READONLY),
        key="t",
        home_of=(Role.QUALITY,),
    ),
    NavItem(_("导入"), "file-import", "orders:imports", (Role.OPERATOR,), key="i"),
)
