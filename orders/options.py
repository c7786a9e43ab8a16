"""What a tenant decides about orders."""

from core import options

AMOUNT_LIMIT_MINOR = options.declare("orders.amount_limit_minor", 0, "金额超过多少要人看（分，0 不限）")
REMARK_STOPS = options.declare("orders.remark_stops", True, "有买家留言就停下")
DUPLICATE_STOPS = options.declare("orders.duplicate_stops", False, "疑似重复就停下")
PARCEL_LIMIT_G = options.declare("orders.parcel_limit_g", 30_000, "快递单包裹最重（克）")
PARCEL_LONGEST_MM = options.declare("orders.parcel_longest_mm", 0, "快递单包裹最长边（毫米，0 不限）")
LONE_RIDES_STOP = options.declare("orders.lone_rides_stop", False, "只有随单小件时停下")
