"""What invoices are called on screens."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.web.parts import State
from orders.models import InvoiceState
from orders.rules.invoices import Problem

STATES: Mapping[int, State] = {
    InvoiceState.WAITING: State("wait", InvoiceState.WAITING.label, "receipt"),
    InvoiceState.ISSUED: State("done", InvoiceState.ISSUED.label),
    InvoiceState.TO_REVERSE: State("stop", InvoiceState.TO_REVERSE.label, "receipt-refund"),
    InvoiceState.REVERSED: State("done", InvoiceState.REVERSED.label, "receipt-refund"),
    InvoiceState.FAILED: State("warn", InvoiceState.FAILED.label, "ban"),
    InvoiceState.CANCELLED: State("wait", InvoiceState.CANCELLED.label, "ban"),
}
PROBLEMS: Mapping[str, str | Promise] = {
    Problem.NO_TITLE.value: _("没写抬头"),
    Problem.NO_TAX_NUMBER.value: _("单位要有税号"),
    Problem.BAD_TAX_NUMBER.value: _("税号不对"),
    Problem.BAD_EMAIL.value: _("邮箱不对"),
}
QUEUES: Mapping[str, str | Promise] = {
    "waiting": _("待开"),
    "to_reverse": _("要红冲"),
    "issued": _("已开"),
    "closed": _("了结的"),
    "all": _("全部"),
}
MARKS: Mapping[str, str | Promise] = {
    "issue": _("记发票号"),
    "reverse": _("记红冲"),
    "fail": _("开不了"),
    "cancel": _("不用开了"),
}
