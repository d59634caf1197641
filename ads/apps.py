"""Django's way of finding the app."""

from django.apps import AppConfig

from jobs import registry


class AdsConfig(AppConfig):
    name = "ads"
    verbose_name = "Ads"

    def ready(self) -> None:
        from ads.pages import panel_context
        from ads.pipeline import AD
        from jobs.pages import panels
        from jobs.pages.panels import Panel

        registry.register(AD)
        panels.register(
            Panel(
                pipelines={"ad"},
                title="Script",
                template="ads/_panel.html",
                context=panel_context,
                # Its form is for the owner alone.
                shared=False,
                # People come for the film; its words stand under it.
                below=True,
            )
        )
