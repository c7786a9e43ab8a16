"""What a tenant decides about stock."""

from core import options

EXPIRY_DAY_SELLS = options.declare("inventory.expiry_day_sells", False, "到期当天还能卖")
PRODUCTION_DAY_COUNTS = options.declare("inventory.production_day_counts", False, "生产当天算第一天")
