"""Header -> fields: what each column of a file probably is, in Chinese and English."""

import hashlib
import unicodedata
from collections.abc import Sequence

from orders.importing.settings import Target

SYNONYMS: dict[Target, tuple[str, ...]] = {
    Target.NUMBER: (
        "订单号", "订单编号", "主订单编号", "主订单号", "店铺单号", "平台单号", "原始单号", "交易号", "单号",
        "order number", "order no", "order id", "order", "external number", "invoice", "invoice no",
        "invoiceno", "invoice number",
    ),
    Target.PLACED_AT: (
        "下单时间", "订单创建时间", "订单提交时间", "订单付款时间", "付款时间", "支付时间", "订单成交时间",
        "付款确认时间", "日期", "时间",
        "placed at", "order date", "order time", "created at", "paid at", "date", "invoice date",
        "invoicedate", "ts", "timestamp",
    ),
    Target.CODE: (
        "商家编码", "规格编码", "商家编码-规格维度", "sku编码", "商品编码", "货号", "外部系统编号",
        "sku", "sku code", "item code", "stock code", "stockcode", "product code", "merchant code", "code",
    ),
    Target.ITEM: (
        "平台商品id", "商品id", "宝贝id", "num iid", "product id", "item id", "goods id",
    ),
    Target.VARIANT: ("平台规格id", "规格id", "sku id", "skuid", "variant id", "variation id"),
    Target.QUANTITY: (
        "数量", "商品数量", "购买数量", "订购数量", "商品数量(件)", "件数", "quantity", "qty", "units",
    ),
    Target.UNIT_PRICE: (
        "单价", "价格", "商品单价", "京东价", "单价(元)", "unit price", "unitprice", "price",
    ),
    Target.AMOUNT: (
        "订单应付金额", "实付金额", "买家实际支付金额", "应付金额", "用户实付金额(元)", "实付款(元)",
        "订单金额", "支付金额",
        "amount", "order amount", "total", "order total", "paid",
    ),
    Target.CHARGE: (
        "运费", "邮费", "邮费(元)", "运费(元)", "运费金额", "买家应付邮费", "freight", "shipping",
        "shipping fee", "charge",
    ),
    Target.DISCOUNT: ("优惠", "优惠金额", "折扣", "店铺优惠折扣(元)", "discount"),
    Target.STATE: ("订单状态", "状态", "state", "status", "order status"),
    Target.NAME: (
        "收件人", "收货人", "收货人姓名", "客户姓名", "姓名", "receiver", "recipient", "name",
        "ship to name",
    ),
    Target.PHONE: (
        "收件人手机号", "手机", "手机号", "联系手机", "联系电话", "电话", "phone", "mobile", "tel",
    ),
    Target.PROVINCE: ("省", "省份", "province", "state/province"),
    Target.CITY: ("市", "城市", "city"),
    Target.DISTRICT: ("区", "区县", "区/县", "district", "county"),
    Target.STREET: (
        "详细地址", "收货地址", "客户地址", "地址", "收件地址", "street", "address", "address line",
        "ship to address",
    ),
    Target.REMARK: (
        "买家留言", "买家备注", "留言", "订单备注", "buyer remark", "buyer note", "remark", "note",
    ),
    Target.SELLER_REMARK: (
        "商家备注", "卖家备注", "客服备注", "seller remark", "seller note", "internal note",
    ),
    Target.INVOICE_TITLE: ("发票抬头", "抬头", "开票抬头", "invoice title", "billing company"),
    Target.INVOICE_KIND: ("发票类型", "抬头类型", "发票抬头类型", "invoice type", "invoice kind"),
    Target.INVOICE_TAX_NUMBER: (
        "税号", "纳税人识别号", "购方税号", "发票税号", "企业税号", "tax number", "tax id", "vat number",
    ),
    Target.INVOICE_EMAIL: ("发票邮箱", "收票邮箱", "接收邮箱", "邮箱", "invoice email", "invoice e-mail"),
    Target.INVOICE_CONTENT: ("发票内容", "开票内容", "invoice content"),
}  # fmt: skip

_TARGETS = [(target, rank, word) for target, words in SYNONYMS.items() for rank, word in enumerate(words)]


def folded(name: str) -> str:
    """A column name as it is compared: width, case, spaces, underscores and a leading * do not count."""
    text = unicodedata.normalize("NFKC", name).casefold().replace("_", " ").strip(" *\t")
    return " ".join(text.split())


def signature(header: Sequence[str]) -> str:
    """Equal for files of one layout: a hash of the folded header."""
    return hashlib.sha256("\x1f".join(map(folded, header)).encode()).hexdigest()


def recognise(header: Sequence[str]) -> dict[Target, int]:
    """The columns whose names are known; of several that fit one target the more usual name, then the
    first.
    """
    places: dict[str, int] = {}
    for index, name in enumerate(header):
        places.setdefault(folded(name), index)
    best: dict[Target, tuple[int, int]] = {}
    for target, rank, word in _TARGETS:
        place = places.get(folded(word))
        if place is not None and (target not in best or rank < best[target][0]):
            best[target] = (rank, place)
    return {target: index for target, (_rank, index) in best.items()}
