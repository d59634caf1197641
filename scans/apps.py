from django.apps import AppConfig


class ScansConfig(AppConfig):
    """Videos and photos of things become 3D models."""

    name = "scans"

    def ready(self) -> None:
        from django.core import checks

        from jobs import accounts
        from jobs.registry import register
        from scans.accounts import standing
        from scans.checks import kiri_secret_fits
        from scans.pipeline import MODEL, SCAN

        checks.register(kiri_secret_fits)
        register(SCAN)
        register(MODEL)
        accounts.register(accounts.Account(label="KIRI Engine", look=standing))
