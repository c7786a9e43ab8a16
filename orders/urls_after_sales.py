"""Addresses of what comes after a sale."""

from django.urls import path

from orders.views import after_sales, refund_backs, returns

urlpatterns = [
    path("after-sales/", after_sales.after_sales, name="after_sales"),
    path("after-sales/answer/", after_sales.answer, name="answer_refunds"),
    path("refund-backs/", refund_backs.refund_backs, name="refund_backs"),
    path("refund-backs/retry/", refund_backs.retry, name="retry_refund_back"),
    path("after-sales/desk/", returns.desk, name="returns_desk"),
    path("after-sales/returns/<int:return_id>/", returns.one, name="return"),
    path("after-sales/returns/<int:return_id>/scan/", returns.scan, name="return_scan"),
    path("after-sales/returns/<int:return_id>/match/", returns.match, name="return_match"),
    path("after-sales/returns/<int:return_id>/inspect/", returns.inspect, name="return_inspect"),
    path("after-sales/returns/<int:return_id>/close/", returns.close, name="return_close"),
    path("orders/<int:order_id>/after-sales/", after_sales.of_order, name="after_sales_of"),
    path("orders/<int:order_id>/refund/", after_sales.new_refund, name="new_refund"),
    path("orders/<int:order_id>/follow/", after_sales.follow, name="follow"),
]
