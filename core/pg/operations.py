"""Points Django at the routing compilers."""

from django.db.backends.postgresql import operations


class DatabaseOperations(operations.DatabaseOperations):
    compiler_module = "core.pg.compiler"
