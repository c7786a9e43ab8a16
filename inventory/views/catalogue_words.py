"""How fields and values of the catalogue are said on pages."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.web.formats import money, number
from inventory.models import LotOrder, ParcelRuleChoice, Tracking
from inventory.rules.goods_table import write_barcodes
from inventory.rules.table_diff import Mistake

FIELDS: Mapping[str, str | Promise] = {
    "code": gettext_lazy("编码"),
    "name": gettext_lazy("名称"),
    "spec": gettext_lazy("规格"),
    "product": gettext_lazy("产品编码"),
    "category": gettext_lazy("分类"),
    "unit": gettext_lazy("单位"),
    "barcodes": gettext_lazy("条码"),
    "weight_g": gettext_lazy("重量（g）"),
    "length_mm": gettext_lazy("长（mm）"),
    "width_mm": gettext_lazy("宽（mm）"),
    "height_mm": gettext_lazy("高（mm）"),
    "parcel_rule": gettext_lazy("大件规则"),
    "case_quantity": gettext_lazy("每箱件数"),
    "shipping_class": gettext_lazy("运输类别"),
    "tracking": gettext_lazy("批次管理"),
    "lot_order": gettext_lazy("出库顺序"),
    "one_lot_per_parcel": gettext_lazy("一个包裹里只放一个批次"),
    "shelf_life_days": gettext_lazy("保质期（天）"),
    "shelf_life_months": gettext_lazy("保质期（月）"),
    "min_remaining_days": gettext_lazy("发货时至少还剩（天）"),
    "cost_minor": gettext_lazy("成本"),
    "is_active": gettext_lazy("状态"),
    "is_cartons": gettext_lazy("一件商品分几箱装"),
    "parts": gettext_lazy("子件"),
    "part": gettext_lazy("子件的商家编码"),
    "quantity": gettext_lazy("件数"),
}

MISTAKES: Mapping[Mistake, str | Promise] = {
    Mistake.MISSING: gettext_lazy("这一格要填。"),
    Mistake.TOO_LONG: gettext_lazy("太长了，缩短再导。"),
    Mistake.HIDDEN: gettext_lazy("里面有看不见的字符，重新输入一遍。"),
    Mistake.NOT_WHOLE: gettext_lazy("不是整数。"),
    Mistake.OUT_OF_RANGE: gettext_lazy("太大或太小。"),
    Mistake.NOT_MONEY: gettext_lazy("不是金额，或者小数位太多。"),
    Mistake.UNKNOWN_WORD: gettext_lazy("没有这个选项。照导出的文件里那样写。"),
    Mistake.CANNOT_CLEAR: gettext_lazy("这一项不能清空。"),
    Mistake.BAD_BARCODE: gettext_lazy("条码写成 6901234567892，或 6901234567892*12，几个用空格隔开。"),
    Mistake.BARCODE_TWICE: gettext_lazy("这个条码在文件里出现了两次。"),
    Mistake.BARCODE_TAKEN: gettext_lazy("这个条码是别的商品或组合装的，先从那边去掉。"),
    Mistake.CODE_TWICE: gettext_lazy("这个编码在上面的行里有了，留一行。"),
    Mistake.CODE_TAKEN: gettext_lazy("这个编码已经是别的东西的：商品和组合装不能同码。"),
    Mistake.SIZES_PART: gettext_lazy("长、宽、高要么都填，要么都空着。"),
    Mistake.CASE_QUANTITY: gettext_lazy("按箱规发的商品，要填每箱几件。"),
    Mistake.TWO_SHELF_LIVES: gettext_lazy("保质期按天或按月，只填一个。"),
    Mistake.TRACKING_STOCK: gettext_lazy("还有库存，批次管理不能改。"),
    Mistake.NO_PARTS: gettext_lazy("组合装要有子件。"),
    Mistake.PART_UNKNOWN: gettext_lazy("没有这个商品。组合装里只能放商品，不能放组合装。"),
    Mistake.PART_TWICE: gettext_lazy("同一个商品在这个组合装里写了两次，合成一行。"),
    Mistake.PART_ARCHIVED: gettext_lazy("这个商品已归档，不能再放进组合装。"),
    Mistake.HEAD_DIFFERS: gettext_lazy("和这个组合装上面的行写得不一样。"),
    Mistake.BROKEN: gettext_lazy("引号没有收尾，分不清格子。"),
}


def say_value(field: str, value: Any, currency: str) -> str:
    """One value of a field as people read it; "—" for nothing."""
    if value in (None, "", []):
        return "—"
    if field == "is_active":
        return _("在用") if value else _("已归档")
    choices: Any = {"parcel_rule": ParcelRuleChoice, "tracking": Tracking, "lot_order": LotOrder}.get(field)
    if choices is not None:
        return str(choices(value).label)
    if field == "barcodes":
        return write_barcodes(value)
    if field == "parts":
        return "、".join(f"{code} × {number(units)}" for code, units in value)
    if field == "cost_minor":
        return money(value, currency)
    if isinstance(value, bool):
        return _("是") if value else _("否")
    return number(value) if isinstance(value, int) else str(value)
