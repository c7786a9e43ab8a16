"""Order files: how their columns are read, what came of them, which rows need a person."""

from django.db import models

from core.db_functions import ClockTimestamp
from core.tenancy import TenantRow, copied, fk


class Mapping(TenantRow):
    """A saved way to read one layout of file.  `signature` recognises the layout by its header."""

    name = models.CharField(max_length=60)
    signature = models.CharField(max_length=64)
    columns = models.JSONField(db_default={})
    options = models.JSONField(db_default={})
    changed_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "name"], name="orders_mapping_name")]
        indexes = [models.Index(fields=["tenant_id", "signature"], name="orders_mapping_signature")]


class Import(TenantRow):
    """One file into one channel.  The same file again is the same import, run again, changing nothing."""

    channel = fk("orders.Channel")
    file = fk("core.StoredFile")
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField(db_default={})
    options = models.JSONField(db_default={})
    job = fk("core.Job", null=True)
    rows_total = models.IntegerField(db_default=0)
    input_units = models.BigIntegerField(db_default=0)
    counts = models.JSONField(db_default={})
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=ClockTimestamp())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "channel", "sha256"], name="orders_import_once")
        ]
        indexes = [models.Index(fields=["tenant_id", "created_at", "id"], name="orders_import_newest")]


class ImportProblem(TenantRow):
    """One row of the file that was not taken, with its column, its value as it came, and its units (0 when its quantity is not above 0)."""

    import_doc = fk(Import)
    row_number = models.IntegerField()
    column = models.CharField(max_length=100, db_default="", blank=True)
    value = models.CharField(max_length=200, db_default="", blank=True)
    code = models.CharField(max_length=32)
    external_number = models.CharField(max_length=64, db_default="", blank=True)
    units = models.IntegerField(db_default=0)
    stops = models.BooleanField(db_default=True)
    order = copied("orders.Order", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "import_doc", "row_number"], name="orders_importproblem_once"
            ),
            models.CheckConstraint(condition=models.Q(units__gte=0), name="orders_importproblem_units"),
        ]
