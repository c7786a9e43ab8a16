"""What a tenant decides about stock."""

from core import options

EXPIRY_DAY_SELLS = options.declare("inventory.expiry_day_sells", False, "到期当天还能卖")
PRODUCTION_DAY_COUNTS = options.declare("inventory.production_day_counts", False, "生产当天算第一天")
APPROVAL_UNITS = options.declare("inventory.approval_units", 0, "调整超过多少件要第二个人同意")
APPROVAL_VALUE_MINOR = options.declare(
    "inventory.approval_value_minor", 0, "调整超过多少钱（分，按成本）要第二个人同意"
)
OVER_DELIVERY_PERCENT = options.declare("inventory.over_delivery_percent", 0, "比采购单多收百分之几不用再问")
NEAR_EXPIRY_DAYS = options.declare("inventory.near_expiry_days", [90, 60, 30, 7], "还剩几天算临期，分几档")
AGEING_DAYS = options.declare("inventory.ageing_days", [90, 180, 365], "放了几天算久放，分几档")
SELLING_OUT_DAYS = options.declare("inventory.selling_out_days", 180, "往后看几天，算卖不完的批次")
DIGEST_HOUR = options.declare("inventory.digest_hour", 8, "每天几点发库存提醒")
