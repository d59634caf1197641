"""Django's way of finding the app."""

from django.apps import AppConfig

from jobs import registry


class AdsConfig(AppConfig):
    name = "ads"
    verbose_name = "Ads"

    def ready(self) -> None:
        from ads.pipeline import AD

        registry.register(AD)
