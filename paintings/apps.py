from django.apps import AppConfig


class PaintingsConfig(AppConfig):
    """Photos become depth layers, photo-realistic or painted."""

    name = "paintings"

    def ready(self) -> None:
        from jobs.registry import register
        from paintings.pipeline import PAINTING

        register(PAINTING)
