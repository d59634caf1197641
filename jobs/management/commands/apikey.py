from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jobs import keys
from jobs.models import ApiKey


class Command(BaseCommand):
    help = "Make an API key for a user and print it; it cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--create", action="store_true", help="make the user where there is none"
        )
        parser.add_argument("--name", default="command line")
        parser.add_argument(
            "--scopes",
            nargs="+",
            choices=ApiKey.Scope.values,
            default=ApiKey.Scope.values,
        )
        parser.add_argument("--days", type=int, help="how long it is good for")

    def handle(
        self,
        *,
        username: str,
        create: bool,
        name: str,
        scopes: list[str],
        days: int | None,
        **options: Any,
    ) -> None:
        user = User.objects.filter(username=username).first()
        if user is None and create:
            user = User.objects.create_user(username)
        if user is None:
            raise CommandError(
                f"There is no user {username}. Use --create to make one."
            )
        expires_at = timezone.now() + timedelta(days=days) if days else None
        _row, secret = keys.create_key(user, name, scopes, expires_at)
        self.stdout.write(secret)
