from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    name = "quizzes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from jobs.pages import navigation, panels
        from jobs.pages.navigation import Entry
        from jobs.pages.panels import Panel
        from jobs.registry import register
        from jobs.toolbox import ffmpeg
        from quizzes.pages import panel_context
        from quizzes.pipeline import ALL

        ffmpeg.configure(
            program=settings.FFMPEG_BINARY, threads=settings.FFMPEG_THREADS
        )
        for pipeline in ALL:
            register(pipeline)
        panels.register(
            Panel(
                pipelines={"quiz", "lesson"},
                title="Quiz",
                template="quizzes/_panel.html",
                context=panel_context,
                # It links to pages that only the owner may open.
                shared=False,
            )
        )
        navigation.register(
            Entry(
                label="Quizzes",
                icon="book",
                url_name="quiz_list",
                pages={
                    "quiz_list",
                    "quiz_editor",
                    "quiz_player",
                    "quiz_results_page",
                },
            )
        )
