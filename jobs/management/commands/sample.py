import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from jobs import registry, samples


class Command(BaseCommand):
    help = "Make a pipeline's own sample media in a folder, and say where they lie."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pipeline")
        parser.add_argument("folder", type=Path)

    def handle(self, *, pipeline: str, folder: Path, **options: Any) -> None:
        made = samples.make_here(registry.get(pipeline), folder)
        self.stdout.write(json.dumps([str(file) for file in made]))
