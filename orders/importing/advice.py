"""The words for targets and problems: what to do, in the user's words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.importing.problems import Code
from orders.importing.settings import Target

TARGETS: Mapping[Target, Promise] = {
    Target.NUMBER: _("店铺单号"),
    Target.PLACED_AT: _("下单时间"),
    Target.SPARE_TIME: _("备用时间"),
    Target.CODE: _("商家编码"),
    Target.SPARE_CODE: _("备用编码"),
    Target.ITEM: _("平台商品 ID"),
    Target.VARIANT: _("平台规格 ID"),
    Target.QUANTITY: _("数量"),
    Target.UNIT_PRICE: _("单价"),
    Target.LINE_AMOUNT: _("这一行的金额"),
    Target.AMOUNT: _("实付金额"),
    Target.CHARGE: _("运费"),
    Target.DISCOUNT: _("优惠"),
    Target.STATE: _("订单状态"),
    Target.AFTER_SALES: _("售后状态"),
    Target.NAME: _("收件人"),
    Target.PHONE: _("手机"),
    Target.PROVINCE: _("省"),
    Target.CITY: _("市"),
    Target.DISTRICT: _("区"),
    Target.STREET: _("详细地址"),
    Target.REMARK: _("买家留言"),
    Target.SELLER_REMARK: _("卖家备注"),
    Target.INVOICE_TITLE: _("发票抬头"),
    Target.INVOICE_KIND: _("发票类型"),
    Target.INVOICE_TAX_NUMBER: _("税号"),
    Target.INVOICE_EMAIL: _("收票邮箱"),
    Target.INVOICE_CONTENT: _("发票内容"),
}

ADVICE: Mapping[Code, Promise] = {
    Code.NOT_POSITIVE: _("数量不大于 0：退货或冲销，不进订单，也不取消别的单。"),
    Code.NOT_GOODS: _("运费、手续费这类不是商品，记成订单的费用。"),
    Code.TOTALS: _("合计行，不是订单。"),
    Code.ZERO_PRICE: _("单价是 0。是赠品就在店铺里标成赠品，不当赠品放行。"),
    Code.NEGATIVE_PRICE: _("单价小于 0，像是调账。"),
    Code.PRICE_DECIMALS: _("小数位比币种多，四舍五入会差钱。改成整分再传。"),
    Code.PRICE_UNREADABLE: _("单价不是数。"),
    Code.AMOUNT_UNREADABLE: _("金额不是数。"),
    Code.AMOUNT_TOO_LARGE: _("金额大得不可能，看看是不是列对错了。"),
    Code.QUANTITY_UNREADABLE: _("数量不是整数。"),
    Code.QUANTITY_TOO_LARGE: _("数量大得不可能，看看是不是列对错了。"),
    Code.NO_CODE: _("没写商家编码，不知道发什么。"),
    Code.NO_NUMBER: _("没有店铺单号，不知道是哪一单。"),
    Code.SCIENTIFIC_NUMBER: _("被表格软件改成了科学计数，原号已丢。从店铺重新导出。"),
    Code.BAD_CHARACTER: _("有看不见的字符，可能是改方向的符号。删掉再传。"),
    Code.NUL_CHARACTER: _("有空字符，这一行可能坏了。重新导出。"),
    Code.TOO_LONG: _("太长了，像是几列粘在一起。"),
    Code.DATE_UNREADABLE: _("没有这一天，或日期写法和设置不一样。"),
    Code.STATE_UNKNOWN: _("没见过这个订单状态。"),
    Code.WRONG_CELLS: _("格数和表头不一样，后面的列可能错位。"),
    Code.UNCLOSED_QUOTE: _("引号没有收尾，分不清格子。"),
    Code.REFUNDED: _("已经退款，这一行不发货。"),
    Code.ITEMS_NOT_SHARED: _("一行里有几种货，件数分不到每种。从店铺按商品导出，或者改成一种货一行。"),
    Code.AFTER_SALES_OPEN: _("售后没完，先不发。处理完再导出一次。"),
    Code.NO_ORDER_ROW: _("订单报表里没有这一单。两个报表要选同一段时间，重新导出。"),
    Code.NO_ITEM_ROW: _("宝贝报表里没有这一单，不知道发什么。两个报表要选同一段时间，重新导出。"),
}

SHORT: Mapping[Code, Promise] = {
    Code.NOT_POSITIVE: _("数量不大于 0"),
    Code.NOT_GOODS: _("不是商品"),
    Code.TOTALS: _("合计行"),
    Code.ZERO_PRICE: _("单价为 0"),
    Code.NEGATIVE_PRICE: _("单价小于 0"),
    Code.PRICE_DECIMALS: _("小数太多"),
    Code.PRICE_UNREADABLE: _("单价不是数"),
    Code.AMOUNT_UNREADABLE: _("金额不是数"),
    Code.AMOUNT_TOO_LARGE: _("金额太大"),
    Code.QUANTITY_UNREADABLE: _("数量不是整数"),
    Code.QUANTITY_TOO_LARGE: _("数量太大"),
    Code.NO_CODE: _("没有编码"),
    Code.NO_NUMBER: _("没有单号"),
    Code.SCIENTIFIC_NUMBER: _("单号是科学计数"),
    Code.BAD_CHARACTER: _("看不见的字符"),
    Code.NUL_CHARACTER: _("空字符"),
    Code.TOO_LONG: _("太长"),
    Code.DATE_UNREADABLE: _("日期读不懂"),
    Code.STATE_UNKNOWN: _("状态没见过"),
    Code.WRONG_CELLS: _("格数不对"),
    Code.UNCLOSED_QUOTE: _("引号没收尾"),
    Code.REFUNDED: _("已退款"),
    Code.ITEMS_NOT_SHARED: _("件数分不开"),
    Code.AFTER_SALES_OPEN: _("售后没完"),
    Code.NO_ORDER_ROW: _("没有订单行"),
    Code.NO_ITEM_ROW: _("没有宝贝行"),
}


def advice(code: str) -> str:
    """What to do about a problem; a code that is not known says itself."""
    return str(ADVICE[Code(code)]) if code in _KNOWN else code


def short(code: str) -> str:
    """The problem in a few characters, for filters and counts."""
    return str(SHORT[Code(code)]) if code in _KNOWN else code


_KNOWN = frozenset(map(str, Code))
