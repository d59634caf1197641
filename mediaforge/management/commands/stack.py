import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from mediaforge import stack


class Command(BaseCommand):
    help = "Run everything on this machine: servers, web, dispatcher and workers."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reload",
            action="store_true",
            help="start the web server again at a change",
        )

    def handle(self, *, reload: bool, **options: Any) -> None:
        stack.run(reload=reload, say=self._say)
        sys.stdout.flush()
        # All is down. Taking apart what the apps have imported would take seconds more.
        os._exit(0)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
