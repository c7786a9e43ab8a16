"""What a tenant decides about orders."""

from core import options

AMOUNT_LIMIT_MINOR = options.declare("orders.amount_limit_minor", 0, "金额超过多少要人看（分，0 不限）")
REMARK_STOPS = options.declare("orders.remark_stops", True, "有买家留言就停下")
HARMLESS_REMARKS = options.declare(
    "orders.harmless_remarks",
    [
        "谢谢", "谢谢老板", "谢谢亲", "谢谢啦", "谢谢您", "多谢", "感谢", "非常感谢", "辛苦了", "辛苦", "你好",
        "您好", "亲", "老板", "店家", "卖家", "客服", "请", "麻烦", "麻烦了", "拜托", "拜托了", "好的", "收到",
        "哦", "啊", "呀", "哈", "哈哈", "吧", "啦", "哟", "咯", "嗯", "尽快", "尽快发货", "尽快发", "尽快发出",
        "尽快安排", "尽快安排发货", "快点", "快点发货", "快点发", "快发货", "早点发货", "早点发", "早日发货",
        "赶紧发货", "麻烦快点", "速发", "急", "急用", "着急用", "等着用", "在线等", "好评", "给好评", "五星好评",
        "好评哦", "会给好评", "包装好一点", "包装好点", "包装好", "包好一点", "包好点", "包严实点", "包结实点",
        "轻拿轻放", "小心轻放", "生意兴隆", "祝生意兴隆", "老顾客", "老客户", "老顾客了", "第二次买", "第二次买了",
        "又来了", "回购", "回购了", "支持", "thanks", "thankyou", "thx", "ok",
    ],
    "买家只写了这些话就不停（每条一句）",
)  # fmt: skip
ADDRESS_MUST_RESOLVE = options.declare("orders.address_must_resolve", False, "地址认不出省市区就停下")
DUPLICATE_STOPS = options.declare("orders.duplicate_stops", False, "疑似重复就停下")
PARCEL_LIMIT_G = options.declare("orders.parcel_limit_g", 30_000, "快递单包裹最重（克）")
PARCEL_LONGEST_MM = options.declare("orders.parcel_longest_mm", 0, "快递单包裹最长边（毫米，0 不限）")
LONE_RIDES_STOP = options.declare("orders.lone_rides_stop", False, "只有随单小件时停下")
MERGES = options.declare("orders.merges", False, "同一收件人的订单合成一单发")
MERGE_WINDOW_MIN = options.declare("orders.merge_window_min", 0, "合单：下单相隔多少分钟以内（0 不限）")
MERGE_MOST_ORDERS = options.declare("orders.merge_most_orders", 10, "合单：一组最多几单")
REFUND_AGREES = options.declare("orders.refund_agrees", False, "货还没发的退款自动同意")
ROUTE_BY = options.declare(
    "orders.route_by",
    ["NEAREST", "PRIORITY"],
    "派仓先看什么（NEAREST 近、PRIORITY 优先级、CHEAPEST 便宜、LEAST_LOADED 空闲）",
)
STOCK_MAY_OVERLAP = options.declare(
    "orders.stock_may_overlap", False, "库存上传：几个店铺卖同一批货时，各自都可以报全部（会超卖）"
)
READY_NOW = options.declare("orders.ready_now", False, "缺货的单先发有货的，剩下的等到货")
SHORT_GOES_ON = options.declare("orders.short_goes_on", True, "缺货的单等到货了自己接着走")
UNMASK_LIMIT = options.declare(
    "orders.unmask_limit", 50, "一个人一天最多看多少单的完整收件信息（0 谁也不能看）"
)
UNMASK_ROLES = options.declare(
    "orders.unmask_roles", ["OPERATOR"], "除了老板，谁能看完整收件信息（OPERATOR、QUALITY、FINANCE）"
)
