from django.apps import AppConfig


class MediaForgeConfig(AppConfig):
    """The roof: system checks and the commands that start everything."""

    name = "mediaforge"
