from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.core.management.base import BaseCommand

from mediaforge.bucket import ensure_bucket
from mediaforge.first_run import ensure_administrator


class Command(BaseCommand):
    help = "Bring database and bucket up to date; make the first administrator."

    def handle(self, **options: Any) -> None:
        call_command("migrate", interactive=False)
        if settings.S3_BUCKET:
            ensure_bucket(storages["default"])
        url = settings.PUBLIC_URL or f"http://localhost:{settings.PORT}"
        first = ensure_administrator(settings.VAR_DIR, url)
        if first:
            self.stdout.write(f"user      {first.username}")
            self.stdout.write(f"password  {first.password}")
            self.stdout.write(f"API key   {first.api_key}")
