"""How Taobao, JD, Pinduoduo and Douyin are asked, check a signature, answer and refuse: the platform's side, written apart from ours."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from tests.orders.connectors import platform_server
from tests.orders.connectors.platform_server import SESSION, Dialect, Shop

CHINA = ZoneInfo("Asia/Shanghai")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _when(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)


def _said(at: datetime | None) -> str:
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _yuan(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


# ── Taobao ──

TOP_STATUS = {
    "paid": "WAIT_SELLER_SEND_GOODS",
    "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "closed": "TRADE_CLOSED",
}


def _top_read(path: str, query: dict[str, str], body: str) -> dict[str, Any]:
    return dict(parse_qsl(body, keep_blank_values=True))


def _top_signed(params: dict[str, Any], secret: str) -> bool:
    text = "".join(k + params[k] for k in sorted(params) if k != "sign")
    expected = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest().upper()
    said = (params["sign_method"], params["sign"], params["session"])
    return said == ("hmac-sha256", expected, SESSION)


def _top_refuse(why: str) -> dict[str, Any]:
    said = {
        "sign": {"code": 25, "msg": "Invalid signature"},
        "session": {"code": 27, "msg": "Invalid session", "sub_code": "isv.session-expired"},
        "throttle": {
            "code": 7,
            "msg": "App Call Limited",
            "sub_code": "accesscontrol.limited-by-app-access-count",
            "sub_msg": "This ban will last for 7 more seconds",
        },
    }
    return {"error_response": said.get(why, {"code": 15, "sub_code": "isv.refused", "sub_msg": why})}


def _top_list(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    start, end = _when(params["start_modified"]), _when(params["end_modified"])
    rows, total = shop.page(start, end, int(params["page_no"]), int(params["page_size"]), fault)
    trades = [{"tid": int(sold.number), "modified": _said(sold.modified)} for sold in rows]
    return {"trades_sold_increment_get_response": {"total_results": total, "trades": {"trade": trades}}}


def _top_trade(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    sold = shop.orders[params["tid"]]
    lines = [
        {"oid": f"{sold.number}{n}", "outer_sku_id": code, "num": units, "price": _yuan(price), "num_iid": 9, "sku_id": n,
         "divide_order_fee": _yuan(units * price), "status": TOP_STATUS[sold.status]}
        for n, (code, units, price) in enumerate(sold.lines, 1)
    ]  # fmt: skip
    trade = {
        "tid": int(sold.number), "tid_str": sold.number, "status": "??" if sold.broken else TOP_STATUS[sold.status],
        "payment": _yuan(sold.paid), "post_fee": _yuan(sold.freight), "created": _said(sold.paid_at),
        "pay_time": _said(sold.paid_at), "modified": _said(sold.modified), "receiver_name": sold.receiver,
        "receiver_mobile": "1******2046", "receiver_state": "上海", "receiver_city": "上海市",
        "receiver_district": "徐汇区", "receiver_address": "漕溪北路***", "oaid": sold.token,
        "buyer_open_uid": "AAE", "buyer_message": sold.message, "orders": {"order": lines},
    }  # fmt: skip
    return {"trade_fullinfo_get_response": {"trade": trade}}


def _top_merge(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for pair in json.loads(params["merge_list"]):
        assert shop.orders[pair["tid"]].token == pair["oaid"]
        groups.setdefault(shop.orders[pair["tid"]].receiver, []).append(pair["tid"])
    return {
        "top_oaid_merge_response": {"tid_list": {"string": [",".join(group) for group in groups.values()]}}
    }


def _top_decrypt(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    rows = [
        {"tid": pair["tid"], "oaid": pair["oaid"], "matched": shop.orders[pair["tid"]].token == pair["oaid"],
         "name": "张三", "mobile": "13800002046", "state": "上海", "city": "上海市", "district": "徐汇区",
         "town": "漕河泾街道", "address_detail": "漕溪北路 88 号", "privacy_protection": False}
        for pair in json.loads(params["query_list"])
    ]  # fmt: skip
    return {"top_oaid_decrypt_response": {"receiver_list": {"receiver": rows}}}


def _top_ship(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    lines = tuple((oid, 0) for oid in params.get("sub_tid", "").split(",") if oid)
    why = shop.ship(params["tid"], params["out_sid"], params["company_code"], lines)
    if why:
        return {
            "error_response": {
                "code": 15,
                "sub_code": "isv.logistics-online-service-error:B04",
                "sub_msg": why,
            }
        }
    return {"logistics_online_send_response": {"shipping": {"is_success": True}}}


def _top_shipped(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    rows = [
        {"tid": params["tid"], "out_sid": number} for number, _c, _l in shop.orders[params["tid"]].parcels
    ]
    return {"logistics_orders_detail_get_response": {"shippings": {"shipping": rows}}}


def _top_stock(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    assert params["type"] == "1"
    if "quantity" in params:
        shop.stock[params["num_iid"]] = int(params["quantity"])
        return {"item_quantity_update_response": {"item": {}}}
    for pair in params["skuid_quantities"].split(";"):
        sku, units = pair.split(":")
        shop.stock[f"{params['num_iid']}/{sku}"] = int(units)
    return {"skus_quantity_update_response": {"item": {}}}


def _top_refund(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    known = {
        "refund_id": int(params["refund_id"]), "refund_phase": "onsale", "refund_version": 1_700_000_000_000,
        "status": shop.refund_states.get(params["refund_id"], "WAIT_SELLER_AGREE"),
    }  # fmt: skip
    return {"refund_get_response": {"refund": known}}


def _top_review(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    assert (params["refund_phase"], params["refund_version"]) == ("onsale", "1700000000000")
    assert params["result"] == "true"
    shop.refunds[params["refund_id"]] = True
    return {"rp_refund_review_response": {"is_success": fault != "untaken"}}


def _top_refuse_refund(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    assert (params["refund_phase"], params["refund_version"]) == ("onsale", "1700000000000")
    assert shop.refund_states.get(params["refund_id"]) is None, "refused twice"
    shop.refunds[params["refund_id"]] = False
    shop.refund_states[params["refund_id"]] = "SELLER_REFUSE_BUYER"
    return {"refund_refuse_response": {"refund": {"refund_id": int(params["refund_id"])}}}


TOP = Dialect(
    _top_read,
    _top_signed,
    _top_refuse,
    {
        "taobao.user.seller.get": lambda shop, params, fault: {
            "user_seller_get_response": {"user": {"nick": "旗舰店"}}
        },
        "taobao.trades.sold.increment.get": _top_list,
        "taobao.trade.fullinfo.get": _top_trade,
        "taobao.top.oaid.merge": _top_merge,
        "taobao.top.oaid.decrypt": _top_decrypt,
        "taobao.logistics.online.send": _top_ship,
        "taobao.logistics.orders.detail.get": _top_shipped,
        "taobao.item.quantity.update": _top_stock,
        "taobao.skus.quantity.update": _top_stock,
        "taobao.refund.get": _top_refund,
        "taobao.rp.refund.review": _top_review,
        "taobao.refund.refuse": _top_refuse_refund,
    },
)

# ── JD ──

JD_STATUS = {
    "paid": "WAIT_SELLER_STOCK_OUT",
    "shipped": "WAIT_GOODS_RECEIVE_CONFIRM",
    "closed": "TRADE_CANCELED",
}


def _jd_read(path: str, query: dict[str, str], body: str) -> dict[str, Any]:
    params: dict[str, Any] = dict(parse_qsl(body, keep_blank_values=True))
    return params | {"inner": json.loads(params["360buy_param_json"])}


def _jd_signed(params: dict[str, Any], secret: str) -> bool:
    text = "".join(k + params[k] for k in sorted(params) if k not in ("sign", "inner"))
    return (params["sign"], params["access_token"]) == (_md5(secret + text + secret).upper(), SESSION)


def _jd_refuse(why: str) -> dict[str, Any]:
    code = {"sign": "12", "session": "19", "throttle": "10100054"}[why]
    return {"error_response": {"code": code, "zh_desc": why, "en_desc": why}}


def _jd_list(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    asked = params["inner"]
    start, end = _when(asked["start_date"]), _when(asked["end_date"])
    rows, total = shop.page(start, end, int(asked["page"]), int(asked["page_size"]), fault)
    found = [
        {"orderId": sold.number, "orderState": "??" if sold.broken else JD_STATUS[sold.status], "modified": _said(sold.modified),
         "orderPayment": _yuan(sold.paid), "freightPrice": _yuan(sold.freight), "orderStartTime": _said(sold.paid_at),
         "paymentConfirmTime": _said(sold.paid_at), "orderRemark": sold.message, "oaid": sold.token,
         "consigneeInfo": {"fullname": sold.receiver, "mobile": "138****2046", "province": "上海", "city": "上海市",
                           "county": "徐汇区", "fullAddress": "上海徐汇区漕溪北路****"},
         "itemInfoList": [{"skuId": str(n), "outerSkuId": code, "itemTotal": str(units), "jdPrice": _yuan(price)}
                          for n, (code, units, price) in enumerate(sold.lines, 1)]}
        for sold in rows
    ]  # fmt: skip
    result = {"orderTotal": total, "orderInfoList": found, "apiResult": {"success": True}}
    return {"jingdong_pop_order_search_responce": {"code": "0", "searchorderinfo_result": result}}


def _jd_ship(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    asked = params["inner"]
    name = f"{params['method'].replace('.', '_')}_responce"
    sold = shop.orders[asked["orderId"]]
    numbers = asked["logiNo"].split(",")
    if params["method"].endswith("shipment") and sold.parcels:
        return {
            name: {
                "sopjosshipment_result": {
                    "success": False,
                    "errorCode": "10400001",
                    "chineseErrCode": "已出库",
                }
            }
        }
    sold.parcels = [(number, asked["logiCoprId"], ()) for number in numbers]
    return {name: {"sopjosshipment_result": {"success": True}}}


def _jd_order(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    sold = shop.orders[params["inner"]["order_id"]]
    info = {"orderInfo": {"waybill": ",".join(number for number, _c, _l in sold.parcels)}}
    return {"jingdong_pop_order_get_responce": {"orderDetailInfo": info}}


def _jd_merge(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for pair in params["inner"]["orderOaidList"]:
        groups.setdefault(shop.orders[pair["orderId"]].receiver, []).append(pair["orderId"])
    rows = [{"orderIds": group} for group in groups.values()]
    return {"jingdong_jos_order_oaid_merge_responce": {"result": {"groups": rows}}}


JD = Dialect(
    _jd_read,
    _jd_signed,
    _jd_refuse,
    {
        "jingdong.vender.shop.query": lambda shop, params, fault: {
            "jingdong_vender_shop_query_responce": {"shop_jos_result": {"shop_name": "旗舰店"}}
        },
        "jingdong.pop.order.search": _jd_list,
        "jingdong.pop.order.shipment": _jd_ship,
        "jingdong.pop.order.modifyWaybill": _jd_ship,
        "jingdong.pop.order.get": _jd_order,
        "jingdong.jos.order.oaid.merge": _jd_merge,
    },
)

# ── Pinduoduo ──

PDD_STATUS = {"paid": 1, "shipped": 2, "closed": 1}


def _pdd_read(path: str, query: dict[str, str], body: str) -> dict[str, Any]:
    params: dict[str, Any] = dict(parse_qsl(body, keep_blank_values=True))
    return params | {"method": params["type"]}


def _pdd_signed(params: dict[str, Any], secret: str) -> bool:
    text = "".join(k + params[k] for k in sorted(params) if k not in ("sign", "method"))
    return (params["sign"], params["access_token"]) == (_md5(secret + text + secret).upper(), SESSION)


def _pdd_refuse(why: str) -> dict[str, Any]:
    code = {"sign": 20004, "session": 10019, "throttle": 70031}[why]
    return {"error_response": {"error_code": code, "error_msg": why, "sub_code": None, "sub_msg": why}}


def _pdd_list(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    start = datetime.fromtimestamp(int(params["start_updated_at"]), UTC)
    end = datetime.fromtimestamp(int(params["end_updated_at"]), UTC)
    assert (end - start).total_seconds() <= 1800
    rows, total = shop.page(start, end, int(params["page"]), int(params["page_size"]), fault)
    found = [
        {"order_sn": sold.number, "order_status": 9 if sold.broken else PDD_STATUS[sold.status],
         "refund_status": 4 if sold.status == "closed" else 1, "updated_at": _said(sold.modified),
         "pay_amount": sold.paid / 100, "postage": sold.freight / 100, "pay_time": _said(sold.paid_at),
         "created_time": _said(sold.paid_at), "receiver_name_mask": sold.receiver, "receiver_phone_mask": "138****2046",
         "province": "上海市", "city": "上海市", "town": "徐汇区", "receiver_address_mask": "漕溪北路***",
         "open_address_id": sold.token, "buyer_memo": sold.message,
         "item_list": [{"goods_id": 9, "sku_id": n, "outer_id": code, "goods_count": units, "goods_price": price / 100}
                       for n, (code, units, price) in enumerate(sold.lines, 1)]}
        for sold in rows
    ]  # fmt: skip
    return {"order_sn_increment_get_response": {"total_count": total, "order_sn_list": found}}


def _pdd_ship(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    why = shop.ship(params["order_sn"], params["tracking_number"], params["logistics_id"], ())
    if why:
        return {"error_response": {"error_code": 52001, "sub_code": "30000", "sub_msg": why}}
    return {"logistics_online_send_response": {"is_success": True}}


def _pdd_extra(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    sold = shop.orders[params["order_sn"]]
    assert sold.parcels and params["extra_track_type"] == "1"
    for row in json.loads(params["extra_track_list"]):
        sold.parcels.append((row["tracking_number"], str(row["shipping_id"]), ()))
    return {"upload_extra_logistics_response": {"success": True}}


def _pdd_order(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    numbers = [number for number, _c, _l in shop.orders[params["order_sn"]].parcels] or [""]
    info = {
        "tracking_number": numbers[0],
        "extra_delivery_list": [{"tracking_number": n} for n in numbers[1:]],
    }
    return {"order_info_get_response": {"order_info": info}}


PDD = Dialect(
    _pdd_read,
    _pdd_signed,
    _pdd_refuse,
    {
        "pdd.mall.info.get": lambda shop, params, fault: {"mall_info_get_response": {"mall_name": "旗舰店"}},
        "pdd.order.number.list.increment.get": _pdd_list,
        "pdd.logistics.online.send": _pdd_ship,
        "pdd.order.upload.extra.logistics": _pdd_extra,
        "pdd.order.information.get": _pdd_order,
    },
)

# ── Douyin ──

DOUYIN_STATUS = {"paid": 2, "shipped": 3, "closed": 4}


def _douyin_read(path: str, query: dict[str, str], body: str) -> dict[str, Any]:
    params: dict[str, Any] = dict(query)
    assert path == "/" + params["method"].replace(".", "/")
    return params | {"param_json": body, "inner": json.loads(body)}


def _douyin_signed(params: dict[str, Any], secret: str) -> bool:
    names = ("app_key", "method", "param_json", "timestamp", "v")
    text = secret + "".join(name + params[name] for name in names) + secret
    expected = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
    return (params["sign"], params["access_token"]) == (expected, SESSION)


def _douyin_refuse(why: str) -> dict[str, Any]:
    code, sub_code = {
        "sign": (40003, "isv.sign-invalid"),
        "session": (30002, "isv.access-token-expired"),
        "throttle": (50002, "isp.call-limit"),
    }.get(why, (50002, "isv.business-failed"))
    return {"code": code, "msg": "failed", "sub_code": sub_code, "sub_msg": why}


def _douyin_good(data: dict[str, Any]) -> dict[str, Any]:
    return {"code": 10000, "msg": "success", "data": data}


def _douyin_list(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    asked = params["inner"]
    start = datetime.fromtimestamp(asked["update_time_start"], UTC)
    end = datetime.fromtimestamp(asked["update_time_end"], UTC)
    rows, total = shop.page(start, end, asked["page"] + 1, asked["size"], fault)
    found = [
        {"order_id": sold.number, "order_status": 99 if sold.broken else DOUYIN_STATUS[sold.status],
         "update_time": int(sold.modified.timestamp()), "create_time": int((sold.paid_at or sold.modified).timestamp()),
         "pay_time": int((sold.paid_at or sold.modified).timestamp()), "pay_amount": sold.paid, "post_amount": sold.freight,
         "buyer_words": sold.message, "open_address_id": sold.token, "encrypt_post_receiver": "##abc",
         "mask_post_receiver": sold.receiver, "mask_post_tel": "138****2046",
         "mask_post_addr": {"province": {"name": "上海市"}, "city": {"name": "上海市"}, "town": {"name": "徐汇区"},
                            "street": {"name": "漕河泾街道"}, "detail": "漕溪北路***"},
         "sku_order_list": [{"order_id": f"{sold.number}{n}", "code": code, "item_num": units, "origin_amount": price,
                             "product_id": 9, "sku_id": n}
                            for n, (code, units, price) in enumerate(sold.lines, 1)]}
        for sold in rows
    ]  # fmt: skip
    return _douyin_good({"total": total, "page": asked["page"], "shop_order_list": found})


def _douyin_ship(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    asked = params["inner"]
    why = shop.ship(asked["order_id"], asked["logistics_code"], asked["company_code"], ())
    return _douyin_refuse(why) if why else _douyin_good({})


def _douyin_packs(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    asked = params["inner"]
    sold = shop.orders[asked["order_id"]]
    left = {f"{sold.number}{n}": units for n, (_code, units, _price) in enumerate(sold.lines, 1)}
    for _number, _company, lines in sold.parcels:
        for line, units in lines:
            left[line] -= units
    for pack in asked["pack_list"]:
        lines = tuple((row["shipped_order_id"], row["shipped_num"]) for row in pack["shipped_order_info"])
        if any(left.get(line, 0) < units for line, units in lines):
            return _douyin_refuse("more than was sold")
        sold.parcels.append((pack["logistics_code"], pack["company_code"], lines))
    return _douyin_good({})


def _douyin_order(shop: Shop, params: dict[str, Any], fault: str) -> dict[str, Any]:
    sold = shop.orders[params["inner"]["shop_order_id"]]
    rows = [{"tracking_no": number} for number, _c, _l in sold.parcels]
    return _douyin_good({"shop_order_detail": {"logistics_info": rows}})


DOUYIN = Dialect(
    _douyin_read,
    _douyin_signed,
    _douyin_refuse,
    {
        "order.searchList": _douyin_list,
        "order.logisticsAdd": _douyin_ship,
        "order.logisticsAddMultiPack": _douyin_packs,
        "order.orderDetail": _douyin_order,
    },
)

DIALECTS = {"/router/rest": TOP, "/routerjson": JD, "/api/router": PDD, "/order": DOUYIN}
PATHS = {"tmall": "/router/rest", "jd": "/routerjson", "pdd": "/api/router", "douyin": ""}


@contextmanager
def platform(shop: Shop, code: str) -> Iterator[str]:
    """The address at which a connector of this platform finds the shop."""
    with platform_server.serving(shop, DIALECTS) as url:
        yield url + PATHS[code]
