"""Refusals of orders."""

from core.errors import Conflict, Forbidden, Invalid, NotFound


class NoChannel(NotFound):
    code = "channel_not_found"


class NoOrder(NotFound):
    code = "order_not_found"


class BadOrder(Invalid):
    code = "bad_order"


class StillStopped(Conflict):
    """Something that no person can wave through stops it."""

    code = "still_stopped"


class NoConnection(NotFound):
    code = "connection_not_found"


class NoShipBack(NotFound):
    code = "ship_back_not_found"


class NoRefundBack(NotFound):
    code = "refund_back_not_found"


class CannotPart(Conflict):
    """Goods of a merged group have left."""

    code = "cannot_part"


class NoRefund(NotFound):
    code = "refund_not_found"


class RefundClosed(Conflict):
    """It was agreed, or refused, before."""

    code = "refund_closed"


class RefundTooMuch(Conflict):
    """All refunds together are more than was paid."""

    code = "refund_too_much"


class NoReturn(NotFound):
    code = "return_not_found"


class NotReturnable(Conflict):
    """The return is not at the step that this asks for."""

    code = "not_returnable"


class SeveralOrders(Conflict):
    """Orders of several channels have this number.  `order_ids`: which."""

    code = "several_orders"


class NoQuarantine(Conflict):
    """The facility has no bin of the kind that returned goods go to."""

    code = "no_quarantine_bin"


class LotNotKnown(Conflict):
    """Goods that are told apart by lots are not sold again without one."""

    code = "lot_not_known"


class WrongState(Conflict):
    """The order, or its parcels, are past the point where that can be done."""

    code = "wrong_state"


class MayNotUnmask(Forbidden):
    """This person or key does not see receivers in clear."""

    code = "may_not_unmask"


class UnmaskLimit(Conflict):
    """More orders than this person or key may still see today."""

    code = "unmask_limit"


class BadUnmasking(Invalid):
    """No reason, or one that says nothing."""

    code = "bad_unmasking"


class NoInvoice(NotFound):
    code = "invoice_not_found"


class BadInvoice(Invalid):
    """What is asked for, or the number of what was issued, cannot be."""

    code = "bad_invoice"


class InvoiceOpen(Conflict):
    """The order has an invoice that is asked for, or stands."""

    code = "invoice_open"


class InvoiceTooMuch(Conflict):
    """More than was paid, less what goes back."""

    code = "invoice_too_much"


class InvoiceClosed(Conflict):
    """The invoice is not at the step that this asks for."""

    code = "invoice_closed"


class InvoiceNumberTaken(Conflict):
    """Another invoice has this number."""

    code = "invoice_number_taken"
