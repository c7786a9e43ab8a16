"""The files of the platforms: how a header says whose it is, which column is what, and how its rows are meant.

Sources: the headers as merchants' systems read and write them. A layout is recognised when all the names that make
it unmistakable are there; of several the one with the most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.importing.mapping import folded
from orders.importing.settings import Target


class Part(StrEnum):
    """A file that is whole, or one of two that only together say what was ordered."""

    WHOLE = ""
    ORDERS = "orders"
    ITEMS = "items"


@dataclass(frozen=True, slots=True)
class Layout:
    """One platform's export.

    `marks`: the names that make it unmistakable; `columns`: for each target the names it may have, the best first.
    `sums`: amounts that are a row's own and add up; the others repeat the order's on every row.
    `is_amount_with_charge`: a row's amount has its postage in it. `items_mark`: what stands between several items in one
    row. `has_dated_numbers`: an order number begins with its day.
    """

    name: str
    label: str | Promise
    marks: tuple[str, ...]
    columns: dict[Target, tuple[str, ...]]
    part: Part = Part.WHOLE
    sums: frozenset[Target] = field(default_factory=frozenset)
    is_amount_with_charge: bool = False
    items_mark: str = ""
    has_dated_numbers: bool = False

    def places(self, header: Sequence[str]) -> dict[Target, int]:
        """Which column of this header is what."""
        at: dict[str, int] = {}
        for index, name in enumerate(header):
            at.setdefault(folded(name), index)
        found: dict[Target, int] = {}
        for target, names in self.columns.items():
            place = next((at[word] for name in names if (word := folded(name)) in at), None)
            if place is not None and place not in found.values():
                found[target] = place
        return found


_PEOPLE = {
    Target.PROVINCE: ("省", "收件省", "省份"),
    Target.CITY: ("市", "收件市", "城市"),
    Target.DISTRICT: ("区", "收件区", "区县"),
}
_TAOBAO_ORDER = {
    Target.NUMBER: ("订单编号",),
    Target.PLACED_AT: ("订单付款时间", "订单创建时间"),
    Target.SPARE_TIME: ("订单创建时间",),
    Target.AMOUNT: ("买家实际支付金额", "支付金额", "总金额"),
    Target.CHARGE: ("买家应付邮费",),
    Target.STATE: ("订单状态",),
    Target.NAME: ("收货人姓名", "收货人"),
    Target.PHONE: ("联系手机", "联系电话"),
    Target.STREET: ("修改后的收货地址", "收货地址"),
    Target.REMARK: ("买家留言",),
    Target.SELLER_REMARK: ("订单备注", "商家备注"),
    Target.INVOICE_TITLE: ("发票抬头",),
}
TAOBAO_ORDERS = Layout(
    "taobao_orders",
    _("淘宝/天猫 订单报表"),
    ("订单编号", "买家会员名", "买家应付货款", "收货地址"),
    _TAOBAO_ORDER | {Target.STREET: ("收货地址",)},
    Part.ORDERS,
)
_TAOBAO_LINE = {
    Target.CODE: ("商家编码",),
    Target.SPARE_CODE: ("外部系统编号",),
    Target.QUANTITY: ("购买数量",),
    Target.UNIT_PRICE: ("价格", "商品价格"),
    Target.AFTER_SALES: ("退款状态",),
}
TAOBAO_ITEMS_OLD = Layout(
    "taobao_items_old",
    _("淘宝/天猫 宝贝报表（旧）"),
    ("订单编号", "标题", "购买数量", "外部系统编号"),
    _TAOBAO_LINE | {Target.NUMBER: ("订单编号",)},
    Part.ITEMS,
)
TAOBAO_ITEMS = Layout(
    "taobao_items",
    _("淘宝/天猫 宝贝报表"),
    ("子订单编号", "主订单编号", "外部系统编号"),
    _TAOBAO_LINE | {Target.NUMBER: ("主订单编号",)},
    Part.ITEMS,
)
JD = Layout(
    "jd",
    _("京东订单"),
    ("订单号", "商品ID", "订购数量", "京东价", "下单帐号"),
    {
        Target.NUMBER: ("订单号",),
        Target.PLACED_AT: ("付款确认时间", "下单时间"),
        Target.SPARE_TIME: ("下单时间",),
        Target.CODE: ("货号", "商家SKUID"),
        Target.ITEM: ("商品ID",),
        Target.QUANTITY: ("订购数量",),
        Target.UNIT_PRICE: ("京东价",),
        Target.AMOUNT: ("应付金额", "订单金额"),
        Target.CHARGE: ("运费金额",),
        Target.STATE: ("订单状态",),
        Target.NAME: ("客户姓名",),
        Target.PHONE: ("联系电话",),
        Target.STREET: ("客户地址",),
        Target.REMARK: ("订单备注",),
        Target.SELLER_REMARK: ("商家备注",),
        Target.INVOICE_TITLE: ("发票抬头",),
        Target.INVOICE_KIND: ("发票类型",),
        Target.INVOICE_CONTENT: ("发票内容",),
    },
)
PINDUODUO = Layout(
    "pinduoduo",
    _("拼多多订单"),
    ("订单号", "商品总价(元)", "商家实收金额(元)", "商品数量(件)"),
    {
        Target.NUMBER: ("订单号",),
        Target.PLACED_AT: ("支付时间", "订单成交时间"),
        Target.SPARE_TIME: ("订单成交时间",),
        Target.CODE: ("商家编码-规格维度",),
        Target.SPARE_CODE: ("商家编码-商品维度",),
        Target.ITEM: ("商品id",),
        Target.VARIANT: ("样式ID", "规格id"),
        Target.QUANTITY: ("商品数量(件)",),
        Target.LINE_AMOUNT: ("商品总价(元)",),
        Target.AMOUNT: ("用户实付金额(元)",),
        Target.CHARGE: ("邮费(元)",),
        Target.DISCOUNT: ("店铺优惠折扣(元)",),
        Target.STATE: ("订单状态",),
        Target.AFTER_SALES: ("售后状态",),
        Target.NAME: ("收货人", "收货人姓名", "收件人"),
        Target.PHONE: ("手机", "收货人手机", "联系电话"),
        Target.STREET: ("街道", "详细地址", "收货地址"),
        Target.REMARK: ("买家留言",),
        Target.SELLER_REMARK: ("商家备注",),
    }
    | _PEOPLE,
    sums=frozenset({Target.AMOUNT, Target.CHARGE, Target.DISCOUNT}),
    has_dated_numbers=True,
)
DOUYIN = Layout(
    "douyin",
    _("抖音订单"),
    ("主订单编号", "子订单编号", "选购商品", "商品数量", "商家编码"),
    {
        Target.NUMBER: ("主订单编号",),
        Target.PLACED_AT: ("支付完成时间", "订单提交时间"),
        Target.SPARE_TIME: ("订单提交时间",),
        Target.CODE: ("商家编码",),
        Target.ITEM: ("商品ID",),
        Target.QUANTITY: ("商品数量",),
        Target.LINE_AMOUNT: ("订单应付金额",),
        Target.CHARGE: ("运费",),
        Target.STATE: ("订单状态",),
        Target.AFTER_SALES: ("售后状态",),
        Target.NAME: ("收件人",),
        Target.PHONE: ("收件人手机号",),
        Target.STREET: ("详细地址",),
        Target.REMARK: ("买家留言",),
        Target.SELLER_REMARK: ("商家备注",),
    }
    | _PEOPLE,
    sums=frozenset({Target.AMOUNT, Target.CHARGE, Target.DISCOUNT}),
    items_mark=";",
    is_amount_with_charge=True,
)
ALIBABA = Layout(
    "1688",
    _("1688 订单"),
    ("订单编号", "买家公司名", "货品总价(元)", "货品标题"),
    {
        Target.NUMBER: ("订单编号",),
        Target.PLACED_AT: ("订单付款时间", "订单创建时间"),
        Target.SPARE_TIME: ("订单创建时间",),
        Target.CODE: ("单品货号", "货号", "商家编码"),
        Target.SPARE_CODE: ("货号",),
        Target.ITEM: ("Offer ID",),
        Target.VARIANT: ("SKU ID",),
        Target.QUANTITY: ("数量",),
        Target.UNIT_PRICE: ("单价(元)",),
        Target.AMOUNT: ("实付款(元)",),
        Target.CHARGE: ("运费(元)",),
        Target.STATE: ("订单状态",),
        Target.NAME: ("收货人姓名", "收货人"),
        Target.PHONE: ("联系手机", "联系电话"),
        Target.STREET: ("收货地址",),
        Target.REMARK: ("买家留言",),
        Target.SELLER_REMARK: ("订单备注", "卖家备忘录"),
    },
)
LAYOUTS = (TAOBAO_ORDERS, TAOBAO_ITEMS_OLD, TAOBAO_ITEMS, JD, PINDUODUO, DOUYIN, ALIBABA)
BY_NAME = {layout.name: layout for layout in LAYOUTS}
PLAIN = Layout("", "", (), {})


def find_layout(header: Sequence[str]) -> Layout | None:
    """Whose file this is, by its header, or nobody's that is known."""
    names = set(map(folded, header))
    fitting = [layout for layout in LAYOUTS if names.issuperset(map(folded, layout.marks))]
    return max(fitting, key=lambda layout: len(layout.marks), default=None)


def layout_of(name: str) -> Layout:
    """The layout of this name; rows mean what they say when there is none."""
    return BY_NAME.get(name, PLAIN)
