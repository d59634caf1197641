"""The addresses of `/api/v1/`."""

from django.urls import path

from jobs.api import (
    assets,
    batches,
    hooks,
    jobs,
    keys,
    pipelines,
    projects,
    stats,
    uploads,
    webhooks,
)
from jobs.api.base import route

urlpatterns = [
    *route("projects/", projects.ProjectsView),
    *route("projects/<str:slug>/", projects.ProjectView),
    *route("projects/<str:slug>/assets/", assets.ProjectAssetsView),
    *route("projects/<str:slug>/assets/<str:filename>", assets.RawAssetView),
    *route("assets/", assets.AssetsView),
    *route("assets/<str:asset_id>/", assets.AssetView),
    *route("assets/<str:asset_id>/file/<str:filename>", assets.AssetFileView),
    *route("assets/<str:asset_id>/thumbnail/", assets.AssetThumbnailView),
    *route("uploads/", uploads.UploadsView),
    *route("uploads/direct/", uploads.DirectUploadsView),
    *route("uploads/direct/<str:upload_id>/", uploads.DirectUploadView),
    *route(
        "uploads/direct/<str:upload_id>/complete/", uploads.CompleteDirectUploadView
    ),
    *route("uploads/<str:upload_id>/", uploads.UploadView),
    *route("pipelines/", pipelines.PipelinesView),
    *route("pipelines/<str:slug>/", pipelines.PipelineView),
    *route("pipelines/<str:slug>/estimate/", pipelines.EstimateView),
    *route("jobs/", jobs.JobsView),
    *route("jobs/<str:job_id>/", jobs.JobView),
    *route("jobs/<str:job_id>/cancel/", jobs.CancelView),
    *route("jobs/<str:job_id>/retry/", jobs.RetryView),
    *route("jobs/<str:job_id>/approve/", jobs.ApproveView),
    *route("jobs/<str:job_id>/events/", jobs.EventsView),
    *route("jobs/<str:job_id>/log/", jobs.LogView),
    *route("jobs/<str:job_id>/outputs/", jobs.OutputsView),
    *route("jobs/<str:job_id>/archive/", jobs.ArchiveView),
    *route("batches/", batches.BatchesView),
    *route("batches/<str:batch_id>/", batches.BatchView),
    *route("batches/<str:batch_id>/cancel/", batches.CancelBatchView),
    *route("batches/<str:batch_id>/archive/", batches.BatchArchiveView),
    *route("keys/", keys.KeysView),
    *route("keys/<str:key_id>/", keys.KeyView),
    *route("webhooks/", webhooks.WebhooksView),
    *route("webhooks/deliveries/", webhooks.OwnDeliveriesView),
    *route("webhooks/deliveries/<str:delivery_id>/redeliver/", webhooks.RedeliverView),
    *route("webhooks/<str:webhook_id>/", webhooks.WebhookView),
    *route("webhooks/<str:webhook_id>/deliveries/", webhooks.DeliveriesView),
    *route("webhooks/<str:webhook_id>/rotate/", webhooks.RotateView),
    *route("webhooks/<str:webhook_id>/ping/", webhooks.PingView),
    *route("stats/", stats.StatsView),
    *route("usage/", stats.UsageView),
    *route("me/", stats.MeView),
    path("hooks/<str:token>/", hooks.hear),
]
