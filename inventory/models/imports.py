"""The catalogue as a file: what each of its rows would change, kept until somebody decides."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, fk


class CatalogueSubject(models.IntegerChoices):
    SKUS = 0, _("商品")
    BUNDLES = 1, _("组合装")


class CatalogueRowKind(models.IntegerChoices):
    """The same numbers as rules.table_diff.RowKind (a test compares them)."""

    NEW = 1, _("新的")
    CHANGED = 2, _("有变化")
    ARCHIVED = 3, _("归档")
    UNCHANGED = 4, _("没变化")
    WRONG = 5, _("要改")


class CatalogueOutcome(models.IntegerChoices):
    WAITING = 0, _("还没导入")
    DONE = 1, _("导入了")
    STALE = 2, _("资料变了，没导入")


class CatalogueImport(TenantRow):
    """A file of goods, compared with the catalogue once.  `counts`: kind → rows; `ignored`: column titles that mean nothing to us."""

    subject = models.SmallIntegerField(choices=CatalogueSubject.choices)
    file = fk("core.StoredFile")
    job = fk("core.Job", null=True)
    counts = models.JSONField(db_default={})
    ignored = models.JSONField(db_default=[])
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(subject__in=CatalogueSubject.values), name="inventory_catimport_subject"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "created_at", "id"], name="inventory_catimport_newest"),
        ]


class CatalogueRow(TenantRow):
    """What one thing in the file would change.  `detail`: `changes` (field → [old, new]) and `wrong` ([row, field, value, mistake])."""

    document = fk(CatalogueImport)
    row = models.IntegerField()
    code = models.CharField(max_length=64, db_collation="C")
    kind = models.SmallIntegerField(choices=CatalogueRowKind.choices)
    outcome = models.SmallIntegerField(choices=CatalogueOutcome.choices, db_default=CatalogueOutcome.WAITING)
    detail = models.JSONField(db_default={})

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=CatalogueRowKind.values), name="inventory_catrow_kind"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=CatalogueOutcome.values), name="inventory_catrow_outcome"
            ),
        ]
        indexes = [
            models.Index(fields=["tenant_id", "document", "row", "id"], name="inventory_catrow_row"),
        ]
