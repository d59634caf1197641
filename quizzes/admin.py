from django.contrib import admin

from quizzes.models import Attempt, Choice, Lesson, Question, Quiz


class ChoiceInline(admin.TabularInline[Choice, Question]):
    model = Choice
    extra = 0


@admin.register(Lesson)
class LessonAdmin(admin.ModelAdmin[Lesson]):
    list_display = ("title", "project", "language", "transcript_source", "updated_at")
    list_select_related = ("project",)
    search_fields = ("title",)


@admin.register(Quiz)
class QuizAdmin(admin.ModelAdmin[Quiz]):
    list_display = ("title", "lesson", "version", "created_at")
    list_select_related = ("lesson",)
    search_fields = ("title",)
    raw_id_fields = ("lesson", "job")


@admin.register(Question)
class QuestionAdmin(admin.ModelAdmin[Question]):
    list_display = ("prompt", "quiz", "type", "difficulty", "bloom")
    list_filter = ("type", "difficulty", "bloom")
    list_select_related = ("quiz",)
    search_fields = ("prompt",)
    raw_id_fields = ("quiz",)
    inlines = (ChoiceInline,)


@admin.register(Attempt)
class AttemptAdmin(admin.ModelAdmin[Attempt]):
    list_display = ("learner", "quiz", "started_at", "finished_at")
    list_select_related = ("quiz",)
    raw_id_fields = ("quiz", "link")
