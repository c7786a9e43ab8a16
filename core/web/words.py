"""The words that scripts show, translated here and handed over as JSON: scripts hold no text of their own."""

from django.utils.translation import gettext as _


def script_words() -> dict[str, str]:
    """Key to text in the language of the request; `{n}` and the like are filled in by the script."""
    return {
        "live": _("实时"),
        "poll": _("轮询"),
        "off": _("没连上"),
        "undo": _("撤销"),
        "close": _("知道了"),
        "due": _("到点"),
        "seconds": _("{n} 秒"),
        "net_failed": _("没连上。看到的还是刚才的数，连上后自动更新。"),
        "server_failed": _("这一步没做成，数据没动。再试一次；还不行就把编号 {id} 告诉我们。"),
        "busy": _("点得太快了，{n} 秒后再试。"),
        "signed_out": _("登录过期了。"),
        "sign_in": _("去登录"),
        "forbidden": _("您的角色不能做这一步。"),
        "gone": _("这一条已经不在了。"),
        "keys_on": _("开"),
        "keys_off": _("关"),
    }
