"""manage.py seed_demo: the invented merchants."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from orders.demo.seed import seed


class Command(BaseCommand):
    help = "Makes the demo merchants if they are not there, and prints how to sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--migrate", action="store_true", help="bring the tables up to date first, as the owner role"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["migrate"]:
            call_command("migrate", database="owner", interactive=False, verbosity=0)
        for line in seed():
            self.stdout.write(line)
