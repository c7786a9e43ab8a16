"""manage.py seed_demo: the invented merchants."""

from typing import Any

from django.core.management.base import BaseCommand

from orders.demo.seed import seed


class Command(BaseCommand):
    help = "Makes the demo merchants if they are not there, and prints how to sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in seed():
            self.stdout.write(line)
