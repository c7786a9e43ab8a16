"""Words for what pages, mails and tables call the same."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inventory.queries.warnings import WarningKind


@dataclass(frozen=True, slots=True)
class WarningWords:
    """A kind of warning: its name, and what its empty list says."""

    label: str | Promise
    empty: str | Promise


WARNINGS = {
    WarningKind.EXPIRED: WarningWords(_("过期"), _("货位上没有过期的货。")),
    WarningKind.NEAR_EXPIRY: WarningWords(_("临期"), _("近期没有要到期的批次。")),
    WarningKind.SELLING_OUT: WarningWords(_("卖不完"), _("按现在的速度，到期前都卖得完。")),
    WarningKind.LOW_STOCK: WarningWords(_("低于安全库存"), _("设了安全库存的商品都够。")),
    WarningKind.AGEING: WarningWords(_("久放"), _("没有放得太久的货。")),
}
