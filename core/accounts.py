"""Words about people: what a person may be in a tenant."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """One role a membership; owner may do everything."""

    OWNER = "OWNER", _("老板")
    OPERATOR = "OPERATOR", _("运营")
    WAREHOUSE = "WAREHOUSE", _("仓库")
    STORE = "STORE", _("门店")
    QUALITY = "QUALITY", _("质量")
    FINANCE = "FINANCE", _("财务")
    READONLY = "READONLY", _("只读")
