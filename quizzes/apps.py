from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    name = "quizzes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.conf import settings

        from jobs.registry import register
        from jobs.toolbox import ffmpeg
        from quizzes.pipeline import ALL

        ffmpeg.configure(
            program=settings.FFMPEG_BINARY, threads=settings.FFMPEG_THREADS
        )
        for pipeline in ALL:
            register(pipeline)
