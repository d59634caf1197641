"""Every address of lessons and quizzes."""

from django.conf import settings
from django.urls import path

from jobs.api.base import route
from quizzes import pages
from quizzes.api import quizzes, seed

_V1 = settings.API_V1_PREFIX.strip("/")
_QUIZ = f"{_V1}/quizzes/<str:quiz_id>/"
_LESSON = f"{_V1}/lessons/<str:lesson_id>/"
_PROJECT = "projects/<str:project_id>/"

urlpatterns = [
    *route(f"{_PROJECT}videos/", seed.VideosView),
    *route(f"{_PROJECT}videos/<str:asset_id>/", seed.VideoView),
    *route(f"{_PROJECT}storage/stats/", seed.ProjectStatsView),
    *route(f"{_PROJECT}storage/", seed.StorageView),
    *route("storage/stats/", seed.StatsView),
    *route(f"{_PROJECT}jobs/", seed.JobsView),
    *route(f"{_PROJECT}jobs/<str:job_id>/", seed.JobView),
    *route(f"{_PROJECT}jobs/<str:job_id>/events/", seed.JobEventsView),
    *route(f"{_V1}/quizzes/", quizzes.QuizListView, "quizzes"),
    *route(_QUIZ, quizzes.QuizView, "quiz"),
    *route(f"{_QUIZ}questions/", quizzes.QuestionListView),
    *route(f"{_QUIZ}questions/<str:key>/", quizzes.QuestionView),
    *route(f"{_QUIZ}questions/<str:key>/regenerate/", quizzes.RegenerateView),
    *route(f"{_QUIZ}order/", quizzes.OrderView),
    *route(f"{_QUIZ}undo/", quizzes.UndoView),
    *route(f"{_QUIZ}judge/", quizzes.JudgeView, "quiz_judge"),
    *route(f"{_QUIZ}export/", quizzes.ExportView),
    *route(f"{_QUIZ}links/", quizzes.LinksView),
    *route(f"{_QUIZ}links/<str:token>/", quizzes.LinkView),
    *route(f"{_QUIZ}results/", quizzes.ResultsView),
    *route(f"{_QUIZ}results.csv", quizzes.ResultsCsvView, "quiz_results_csv"),
    *route(_LESSON, quizzes.LessonView, "lesson"),
    *route(f"{_LESSON}segments/<str:position>/", quizzes.SegmentView),
    *route(f"{_LESSON}scenes/<str:position>/", quizzes.SceneView),
    *route(f"{_LESSON}remake/", quizzes.RemakeView),
    path("studio/quizzes/", pages.quiz_list, name="quiz_list"),
    path("studio/quizzes/<uuid:quiz_id>/", pages.editor, name="quiz_editor"),
    path("studio/quizzes/<uuid:quiz_id>/play/", pages.player, name="quiz_player"),
    path(
        "studio/quizzes/<uuid:quiz_id>/results/",
        pages.results,
        name="quiz_results_page",
    ),
    path("studio/take/<str:token>/", pages.take, name="quiz_play"),
    path("studio/take/<str:token>/video", pages.take_video, name="quiz_play_video"),
    path(
        "studio/take/<str:token>/captions.vtt",
        pages.take_captions,
        name="quiz_play_captions",
    ),
    path("studio/take/<str:token>/attempts/", pages.start, name="quiz_start"),
    path(
        "studio/take/<str:token>/attempts/<uuid:attempt_id>/",
        pages.answer,
        name="quiz_answer",
    ),
]
