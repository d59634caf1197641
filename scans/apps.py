from django.apps import AppConfig


class ScansConfig(AppConfig):
    """Videos and photos of things become 3D models."""

    name = "scans"

    def ready(self) -> None:
        from jobs import accounts
        from jobs.registry import register
        from scans.accounts import standing
        from scans.pipeline import MODEL, SCAN

        register(SCAN)
        register(MODEL)
        accounts.register(accounts.Account(label="KIRI Engine", look=standing))
