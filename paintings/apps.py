from django.apps import AppConfig


class PaintingsConfig(AppConfig):
    """Photos become depth layers, photo-realistic or painted."""

    name = "paintings"

    def ready(self) -> None:
        from jobs.pages import panels
        from jobs.pages.panels import Panel
        from jobs.registry import register
        from paintings.pages import panel_context
        from paintings.pipeline import PAINTING

        register(PAINTING)
        panels.register(
            Panel(
                pipelines={PAINTING.slug},
                title="Not quite right?",
                template="paintings/_panel.html",
                context=panel_context,
                # Only who owns it may change it.
                shared=False,
                # People come for the picture.
                below=True,
            )
        )
