"""Prove that nothing is lost: every law of every floor, for every tenant."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import invariants
from core.checks import unwalled


class Command(BaseCommand):
    """Prints the rows that break a law and ends with 1; with nothing to print it ends with 0."""

    help = "Prove the laws of the data; exit code 1 and the rows when one is broken."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tenant", metavar="SLUG", help="this tenant only")

    def handle(self, *args: Any, **options: Any) -> None:
        tenants = invariants.list_tenants()
        if options["tenant"] is not None:
            tenants = [one for one in tenants if one[1] == options["tenant"]]
            if not tenants:
                raise CommandError(f"There is no tenant {options['tenant']}.")
        broken = 0
        for table, problem in unwalled("default"):
            broken += 1
            self.stdout.write(f"core.walls: {table}: {problem}")
        for tenant_id, slug in tenants:
            for found in invariants.prove(tenant_id):
                broken += 1
                self._show(slug, found)
        laws = len(invariants.list_laws())
        self.stdout.write(f"{laws} laws, {len(tenants)} tenants, {broken} broken")
        if broken:
            sys.exit(1)

    def _show(self, slug: str, found: invariants.Broken) -> None:
        self.stdout.write(f"{slug}: {found.name}: {found.law}")
        for row in found.rows:
            self.stdout.write("    " + "  ".join(f"{name}={value}" for name, value in row))
