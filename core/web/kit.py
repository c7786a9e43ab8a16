"""Samples for the page of all parts: every state that a part can show, with invented values."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from core.models.jobs import UNFINISHED
from core.web.jobs import progress
from core.web.parts import (
    Action,
    Column,
    Equation,
    Fact,
    FilterTag,
    Fix,
    Problem,
    Queue,
    QueueGroup,
    State,
    Step,
    Term,
    Toast,
)
from core.web.tables import Page


class SampleForm(forms.Form):
    """A field of each kind, one of them wrong."""

    code = forms.CharField(label=_("商家编码"), help_text=_("和店铺里的一样，建好后不能改。"))
    weight_g = forms.IntegerField(label=_("重量（g）"), min_value=1)
    rule = forms.ChoiceField(
        label=_("大件规则"), choices=[("", _("没选")), ("ALONE", _("独立大件")), ("NORMAL", _("普通"))]
    )
    note = forms.CharField(label=_("备注"), widget=forms.Textarea(attrs={"rows": 2}), required=False)
    is_cold = forms.BooleanField(label=_("要冷藏"), required=False)


def _states() -> list[tuple[State, str]]:
    return [
        (State("wait", _("等波次")), _("没轮到，谁也不用管")),
        (State("live", _("拣货中")), _("正在发生")),
        (State("done", _("已发货")), _("做完、对上、正常")),
        (State("warn", _("要人看一眼")), _("不看也不会错，看了更好")),
        (State("stop", _("超时")), _("停住了，不处理不会走")),
        (State("hold", _("冻结")), _("东西在，但不许动")),
    ]


def _jobs(now: datetime) -> list[dict[str, Any]]:
    def make(
        number: int, status: str, done: int, failed: int, total: int | None, error: str = ""
    ) -> dict[str, Any]:
        job = SimpleNamespace(
            id=number,
            title=f"{_('导入订单')} {number}",
            status=status,
            rows_done=done,
            rows_failed=failed,
            rows_total=total,
            error=error,
            asked="",
            started_at=now - timedelta(seconds=15),
            finished_at=None if status in UNFINISHED else now,
            created_at=now,
        )
        return {"job": job, "progress": progress(job, now)}  # type: ignore[arg-type]

    return [
        make(1, "RUNNING", 63420, 37, 99963),
        make(2, "QUEUED", 0, 0, None),
        make(3, "DONE", 99926, 37, 99963),
        make(4, "FAILED", 20000, 0, 99963, _("数据库断开了。")),
        make(5, "PAUSED", 3200, 4, 99963),
        make(6, "CANCELLED", 3200, 0, 99963),
    ]


def _queues() -> list[QueueGroup]:
    here = "#"
    return [
        QueueGroup(
            _("等您处理"),
            [
                Queue(_("全部异常"), here, 61, "warn", "alert-triangle", late=3, is_current=True),
                Queue(_("编码没配上"), here, 18, "stop", "barcode-off"),
                Queue(_("库存不够"), here, 12, "stop", "package-off", late=1),
                Queue(_("效期不够"), here, 0, "warn", "calendar-exclamation"),
            ],
        ),
        QueueGroup(
            _("流水线"),
            [
                Queue(_("等波次"), here, 386, icon="clock-pause"),
                Queue(_("今日已发"), here, 9655, icon="circle-check"),
            ],
        ),
    ]


def _rows() -> list[Any]:
    made = [
        (-3960, "261121-408816", "滤网 K7-F ×2", 11800, State("stop", _("地址认不出"))),
        (
            1680,
            "2611221402081837",
            "无线吸尘器 K7 ×3，滤网 K7-F ×7，支架 ×1",
            423900,
            State("warn", _("金额超上限")),
        ),
        (7080, "6917420088125531", "破壁机 P8 ×1，随行杯 ×1", 102850, State("warn", _("疑似重复"))),
        (34020, "2611220948120033", "除螨仪 C2 ×1", 32900, State("stop", _("编码没配上"))),
        (97200, "30928859913", "净水滤芯 RO-3 ×2", 59800, State("wait", _("等波次"))),
    ]
    return [
        SimpleNamespace(id=at, left_s=left, code=code, goods=goods, minor=minor, state=state)
        for at, (left, code, goods, minor, state) in enumerate(made, 1)
    ]


def _list(rows: list[Any]) -> dict[str, Any]:
    return {
        "columns": [
            Column(_("时限"), "due"),
            Column(_("订单")),
            Column(_("商品")),
            Column(_("金额"), "amount", is_number=True),
            Column(_("异常")),
        ],
        "page": Page(rows, "?after=x", "", "due", total=61, first_ways={"amount": "-amount"}),
        "actions": [
            Action(_("放行"), "#", "r", is_primary=True),
            Action(_("挂起"), "#", "h"),
            Action(_("取消包裹"), "#", confirm=_("取消 3 个包裹？面单会作废。"), confirm_yes=_("取消 3 个")),
        ],
        "tags": [FilterTag(_("杭州仓"), "?"), FilterTag(_("近 7 天"), "?")],
    }


def _words(now: datetime) -> dict[str, Any]:
    return {
        "problems": [
            Problem(
                1204,
                _("商家编码"),
                "QY-K7F",
                _("没这个编码。像 QY-K7-F，差一个横线。"),
                [Fix(_("配成它"), "#")],
                "1",
            ),
            Problem(
                12950,
                _("订单应付金额"),
                "1O28.5",
                _("不是数。第二位像字母 O。"),
                [Fix(_("改成 1028.5"), "#")],
                "2",
            ),
            Problem(
                44870,
                _("商家备注"),
                "=HYPERLINK(…",
                _("像公式，按文字存，不会执行。"),
                [Fix(_("知道了"), "#")],
                "3",
                is_warning=True,
            ),
            Problem(20411, _("区"), "", _("没有区，详细地址也认不出。"), [Fix(_("填"), "#")], "4"),
        ],
        "facts": [
            Fact(now, _("审单停下"), _("金额超上限、买家留言"), "stop"),
            Fact(now - timedelta(seconds=1), _("选杭州仓、顺丰"), _("有货、运费最低，赶得上 15:00 揽收")),
            Fact(now - timedelta(seconds=3), _("天猫第 2 版"), _("买家加了留言；金额、数量没变"), "warn"),
            Fact(now - timedelta(minutes=3), _("天猫第 1 版"), _("付款 ¥4,239.00，3 行全部认出")),
        ],
        "steps": [Step(_("传文件"), "done"), Step(_("对列"), "done"), Step(_("检查"), "on"), Step(_("导入"))],
    }


def samples(now: datetime) -> dict[str, Any]:
    """Context of core/kit.html."""
    wrong = SampleForm({"code": "QY-K7", "weight_g": "0", "rule": ""})
    wrong.is_valid()
    received = [
        Term(_("收进来"), 30000),
        Term(_("在库，已冻结"), 6240, "=", "hold"),
        Term(_("等发货"), 1024, "+", "live"),
    ]
    equation = Equation([*received, Term(_("买家手里"), 22736, "+", "stop")], 0, has_bar=True)
    broken = Equation(
        [Term(_("实物"), 3636), Term(_("占用"), 518, "−", "live"), Term(_("可用"), 3117, "=", "done")],
        -1,
        rows_url="#",
    )
    return {
        "now": now,
        "states": _states(),
        "rings": [(47, 60), (14, 60), (8, 60)],
        "jobs": _jobs(now),
        "groups": _queues(),
        "form": wrong,
        "equation": equation,
        "broken": broken,
        **_list(_rows()),
        **_words(now),
        "toast_samples": [
            Toast(_("放行了 4 单，正在占用库存。"), "done", undo_url="#"),
            Toast(_("大件一件一包，不能并到别的包裹。"), "warn"),
            Toast(_("没放行：3 单刚被退款。"), "stop", link="#", link_label=_("看这 3 单")),
        ],
    }
