"""Signatures, against the examples of the platforms' own documentation and, for the keyed ones, of RFC 2202 and RFC 4231."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.connectors import signing

# open.taobao.com, "API call protocol"
TOP = {
    "method": "taobao.item.seller.get",
    "app_key": "12345678",
    "session": "test",
    "timestamp": "2016-01-01 12:00:00",
    "format": "json",
    "v": "2.0",
    "sign_method": "md5",
    "fields": "num_iid,title,nick,price,num",
    "num_iid": "11223344",
}
# open.pinduoduo.com, "signature"
PDD = {
    "type": "pdd.order.number.list.get",
    "client_id": "1",
    "access_token": "asd78172s8ds9a921j9qqwda12312w1w21211",
    "data_type": "XML",
    "timestamp": "1480411125",
    "order_status": "1",
    "page": "1",
    "page_size": "10",
}
# open.jd.com, developer guide; `format` and `sign_method` take no part
JD = {
    "360buy_param_json": '{"end_date":null,"optional_fields":null,"order_state":"WAIT_SELLER_STOCK_OUT","page":"1","page_size":"200",'
    '"start_date":null}',
    "access_token": "yourtoken",
    "app_key": "yourappkey",
    "method": "jingdong.pop.order.search",
    "timestamp": "2021-05-07 09:20:39.683+0800",
    "v": "2.0",
    "format": "json",
    "sign_method": "md5",
}


def test_the_published_example_of_top() -> None:
    assert signing.top(TOP, "helloworld", signing.MD5) == "66987CB115214E59E6EC978214934FB8"


def test_the_published_example_of_pinduoduo() -> None:
    assert signing.pdd(PDD, "testSecret") == "E4DE3ED21002510DED352819E7AE6775"


def test_the_published_example_of_jd() -> None:
    assert signing.jd(JD, "yourappSecret") == "D70825340F4084360B9362B60DFD7930"


@pytest.mark.parametrize(
    ("method", "key", "params", "digest"),
    [
        # RFC 2202, HMAC-MD5 cases 1 and 2; RFC 4231, HMAC-SHA-256 cases 1 and 2: name and value joined are the data
        (signing.HMAC, "\x0b" * 16, {"Hi ": "There"}, "9294727A3638BB1C13F48EF8158BFC9D"),
        (signing.HMAC, "Jefe", {"what do ya want ": "for nothing?"}, "750C783E6AB0B503EAA86E310A5DB738"),
        (
            signing.HMAC_SHA256,
            "\x0b" * 20,
            {"Hi ": "There"},
            "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7",
        ),
        (
            signing.HMAC_SHA256,
            "Jefe",
            {"what do ya want ": "for nothing?"},
            "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
        ),
    ],
)
def test_the_keyed_methods_of_top(method: str, key: str, params: dict[str, str], digest: str) -> None:
    assert signing.top(params, key, method) == digest


def test_douyin_wraps_five_parameters_and_keys_them() -> None:
    params = {
        "app_key": "3000",
        "method": "order.searchList",
        "param_json": '{"page":0}',
        "timestamp": "1700000000",
        "v": "2",
    }
    text = 'sapp_key3000methodorder.searchListparam_json{"page":0}timestamp1700000000v2s'
    assert signing.douyin(params, "s") == hmac.new(b"s", text.encode(), hashlib.sha256).hexdigest()
    assert (
        signing.douyin(params | {"access_token": "x"}, "s", signing.MD5)
        == hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    )


@given(st.dictionaries(st.text("abcdef_", min_size=1), st.text("xyz中1", min_size=1), min_size=1))
def test_the_order_of_parameters_says_nothing_and_every_one_counts(params: dict[str, str]) -> None:
    backwards = dict(reversed(params.items()))
    signed = signing.top(params, "s")
    assert signing.top(backwards, "s") == signed
    assert signing.top(params | {"sign": "old", "empty": ""}, "s") == signed
    for name, value in params.items():
        assert signing.top(params | {name: f"{value}!"}, "s") != signed
