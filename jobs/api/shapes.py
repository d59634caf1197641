"""The shapes of answers, for the schema: what `jobs.snapshots` makes, field by field."""

from typing import Any

from rest_framework import serializers

from jobs.models import ApiKey, Asset, Event, Job, Priority, Stage, WebhookDelivery

# Serializers are generic in what they serialize; these only describe.
Shape = serializers.Serializer


class Error(Shape):  # type: ignore[type-arg]  # see Shape
    detail = serializers.CharField(help_text="A sentence for people.")
    code = serializers.CharField(help_text="A word for programs.")
    errors = serializers.DictField(  # type: ignore[assignment]  # a field of the answer
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What is wrong, by field.",
    )


class ProjectShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    slug = serializers.SlugField()
    name = serializers.CharField()
    owner = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    urls = serializers.DictField(child=serializers.CharField())


class AssetShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    project = serializers.SlugField()
    kind = serializers.ChoiceField(choices=Asset.KindChoice.choices)
    role = serializers.CharField(allow_blank=True)
    filename = serializers.CharField()
    original_filename = serializers.CharField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    status = serializers.ChoiceField(choices=Asset.Status.choices)
    job = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    url = serializers.CharField()
    thumbnail_url = serializers.CharField(allow_null=True)


class StageShape(Shape):  # type: ignore[type-arg]
    name = serializers.CharField()
    part = serializers.IntegerField(allow_null=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # a field, not the label
    status = serializers.ChoiceField(choices=Stage.Status.choices)
    progress = serializers.FloatField()
    attempt = serializers.IntegerField()
    engine = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    waits_for = serializers.CharField(
        allow_null=True, help_text="time, retry or person"
    )
    wakes_at = serializers.DateTimeField(allow_null=True)
    cost_usd = serializers.FloatField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    error = serializers.DictField(allow_null=True)


class OutputShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    role = serializers.CharField()
    filename = serializers.CharField()
    content_type = serializers.CharField()
    size_bytes = serializers.IntegerField()
    width = serializers.IntegerField(allow_null=True)
    height = serializers.IntegerField(allow_null=True)
    duration = serializers.FloatField(allow_null=True)
    part = serializers.IntegerField(allow_null=True)
    url = serializers.CharField()


class JobErrorShape(Shape):  # type: ignore[type-arg]
    code = serializers.CharField()
    detail = serializers.CharField()
    stage = serializers.CharField(allow_null=True)
    retryable = serializers.BooleanField()


class WaitingShape(Shape):  # type: ignore[type-arg]
    reason = serializers.CharField(allow_blank=True)
    ahead = serializers.IntegerField(allow_null=True)
    workers_alive = serializers.IntegerField()
    eta_seconds = serializers.ListField(
        child=serializers.FloatField(),
        allow_null=True,
        help_text="From the good case to the bad one.",
    )


class JobShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    pipeline = serializers.CharField()
    project = serializers.SlugField()
    status = serializers.ChoiceField(choices=Job.Status.choices)
    progress = serializers.FloatField()
    message = serializers.CharField(allow_blank=True)
    engine = serializers.CharField()
    priority = serializers.ChoiceField(choices=Priority.labels)
    params = serializers.DictField()
    inputs = serializers.ListField(child=serializers.UUIDField())
    stages = StageShape(many=True)
    outputs = OutputShape(many=True)
    # Any JSON, null included.
    result = serializers.JSONField()
    error = JobErrorShape(allow_null=True)
    cost_usd = serializers.FloatField()
    review = serializers.BooleanField()
    batch = serializers.UUIDField(allow_null=True)
    seq = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    urls = serializers.DictField(child=serializers.CharField())
    waiting = WaitingShape(required=False, allow_null=True)


class OpenJobsShape(Shape):  # type: ignore[type-arg]
    results = JobShape(many=True)


class EventShape(Shape):  # type: ignore[type-arg]
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(choices=Event.Kind.choices)
    stage = serializers.CharField(allow_null=True)
    data = serializers.DictField()  # type: ignore[assignment]  # a field of the answer


class EventsShape(Shape):  # type: ignore[type-arg]
    seq = serializers.IntegerField(help_text="The number of the job's last event.")
    results = EventShape(many=True)


class LogLineShape(Shape):  # type: ignore[type-arg]
    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    stage = serializers.CharField(allow_null=True)
    level = serializers.CharField()
    message = serializers.CharField()


class LogShape(Shape):  # type: ignore[type-arg]
    results = LogLineShape(many=True)


class OutputsShape(Shape):  # type: ignore[type-arg]
    results = OutputShape(many=True)


class BatchShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    name = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Job.Status.choices)
    progress = serializers.FloatField()
    counts = serializers.DictField(child=serializers.IntegerField())
    created_at = serializers.DateTimeField()
    jobs = JobShape(many=True)


class EngineShape(Shape):  # type: ignore[type-arg]
    name = serializers.CharField()
    configured = serializers.BooleanField()
    needs = serializers.CharField(
        allow_blank=True, help_text="The setting that this engine cannot work without."
    )
    steps = serializers.ListField(child=serializers.CharField())


class StepShape(Shape):  # type: ignore[type-arg]
    name = serializers.CharField()
    title = serializers.CharField()
    queue = serializers.CharField()
    engines = serializers.ListField(child=serializers.CharField())
    review = serializers.BooleanField()


class InputRuleShape(Shape):  # type: ignore[type-arg]
    kinds = serializers.ListField(child=serializers.CharField())
    at_least = serializers.IntegerField()
    at_most = serializers.IntegerField()


class PipelineShape(Shape):  # type: ignore[type-arg]
    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    inputs = InputRuleShape()
    params = serializers.DictField(help_text="JSON Schema of the params.")
    engines = EngineShape(many=True)
    steps = StepShape(many=True)
    urls = serializers.DictField(child=serializers.CharField())


class PipelinesShape(Shape):  # type: ignore[type-arg]
    results = PipelineShape(many=True)


class EstimateShape(Shape):  # type: ignore[type-arg]
    seconds = serializers.FloatField()
    cost_usd = serializers.FloatField()


class KeyShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=ApiKey.Scope.choices)
    )
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewKeyShape(KeyShape):
    key = serializers.CharField(help_text="The key itself, shown this once.")


class WebhookShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    url = serializers.CharField()
    project = serializers.SlugField(allow_null=True)
    events = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class NewWebhookShape(WebhookShape):
    secret = serializers.CharField(help_text="Signs deliveries; shown this once.")


class DeliveryShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    event = serializers.CharField()
    url = serializers.CharField()
    job = serializers.UUIDField(allow_null=True)
    status = serializers.ChoiceField(choices=WebhookDelivery.Status.choices)
    attempts = serializers.IntegerField()
    next_at = serializers.DateTimeField(allow_null=True)
    answer_status = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField(allow_blank=True)
    payload = serializers.DictField()
    created_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)


class UploadShape(Shape):  # type: ignore[type-arg]
    id = serializers.UUIDField()
    project = serializers.SlugField()
    filename = serializers.CharField()
    size_bytes = serializers.IntegerField()
    offset = serializers.IntegerField()
    asset = serializers.UUIDField(allow_null=True)
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    url = serializers.CharField()


class PartUrlShape(Shape):  # type: ignore[type-arg]
    number = serializers.IntegerField()
    url = serializers.CharField()
    size_bytes = serializers.IntegerField()


class DirectUploadShape(UploadShape):
    part_size_bytes = serializers.IntegerField()
    uploaded = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Numbers of the parts that are there.",
    )
    parts = PartUrlShape(
        many=True, help_text="Where to PUT the parts that are missing."
    )


class StatsShape(Shape):  # type: ignore[type-arg]
    jobs = serializers.DictField(child=serializers.IntegerField())
    total_jobs = serializers.IntegerField()
    assets = serializers.IntegerField()
    stored_bytes = serializers.IntegerField()
    stored_bytes_left = serializers.IntegerField(allow_null=True)
    spent_usd_this_month = serializers.FloatField()
    queues = serializers.DictField(child=serializers.IntegerField())
    workers_alive = serializers.IntegerField()


class UsageRowShape(Shape):  # type: ignore[type-arg]
    month = serializers.CharField(help_text="Such as 2026-11.")
    project = serializers.SlugField()
    jobs = serializers.IntegerField()
    stage_seconds = serializers.FloatField()
    cost_usd = serializers.FloatField()


class UsageShape(Shape):  # type: ignore[type-arg]
    results = UsageRowShape(many=True)


class MeShape(Shape):  # type: ignore[type-arg]
    username = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    staff = serializers.BooleanField()
    key = KeyShape(allow_null=True)
    limits = serializers.DictField()


def page_of(shape: type[Any]) -> type[Any]:
    """The shape of one page of a list."""
    return type(
        f"{shape.__name__.removesuffix('Shape')}PageShape",
        (serializers.Serializer,),
        {
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "results": shape(many=True),
        },
    )


ProjectPage = page_of(ProjectShape)
AssetPage = page_of(AssetShape)
JobPage = page_of(JobShape)
BatchPage = page_of(BatchShape)
KeyPage = page_of(KeyShape)
WebhookPage = page_of(WebhookShape)
DeliveryPage = page_of(DeliveryShape)
UploadPage = page_of(UploadShape)
