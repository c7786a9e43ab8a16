"""What a person says about himself: where he gets mail.  One account may belong to several merchants, so nobody else may say it."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.services import accounts
from core.web.parts import Toast
from core.web.toasts import say


class MeForm(forms.Form):
    """An address, or none."""

    email = forms.EmailField(
        label=gettext_lazy("收提醒的邮箱"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"class": "cf-in", "autocomplete": "email"}),
        help_text=gettext_lazy("每天早上的库存提醒发到这里。空着：账号本身是邮箱就发到账号，不是就不发。"),
        error_messages={"invalid": gettext_lazy("这不像一个邮箱，例如 name@example.com。")},
    )


@require_http_methods(["GET", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """The person's own page."""
    user = request.user
    form = MeForm(request.POST if request.method == "POST" else None, initial={"email": user.email})  # type: ignore[union-attr]
    if request.method == "POST" and form.is_valid():
        accounts.set_email(user_id=int(user.pk or 0), email=form.cleaned_data["email"])
        say(request, Toast(_("存好了。")))
        return redirect("core:me")
    return render(request, "core/me.html", {"form": form}, status=422 if form.errors else 200)
