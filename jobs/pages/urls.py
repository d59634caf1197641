"""The studio's addresses."""

from django.urls import path

from jobs.pages import (
    account,
    assets,
    home,
    job,
    joblist,
    keys,
    projects,
    search,
    shares,
    start,
    usage,
    webhooks,
)

app_name = "studio"

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", account.SignIn.as_view(), name="login"),
    path("logout/", account.SignOut.as_view(), name="logout"),
    path("signup/", account.sign_up, name="signup"),
    path("theme/", account.choose_theme, name="theme"),
    path("settings/", account.account, name="account"),
    path("settings/password/", account.PasswordChange.as_view(), name="password"),
    path("settings/keys/", keys.keys, name="keys"),
    path("settings/keys/<uuid:key_id>/revoke/", keys.revoke, name="key_revoke"),
    path("settings/webhooks/", webhooks.endpoints, name="webhooks"),
    path(
        "settings/webhooks/<uuid:webhook_id>/",
        webhooks.endpoint,
        name="webhook",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/rotate/",
        webhooks.rotate,
        name="webhook_rotate",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/ping/",
        webhooks.ping,
        name="webhook_ping",
    ),
    path(
        "settings/webhooks/<uuid:webhook_id>/delete/",
        webhooks.delete,
        name="webhook_delete",
    ),
    path(
        "settings/deliveries/<uuid:delivery_id>/again/",
        webhooks.redeliver,
        name="redeliver",
    ),
    path("settings/usage/", usage.usage, name="usage"),
    path("search/", search.search, name="search"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<str:name>/", projects.project, name="project"),
    path("projects/<str:name>/rename/", projects.rename, name="project_rename"),
    path("projects/<str:name>/delete/", projects.delete, name="project_delete"),
    path("assets/<uuid:asset_id>/", assets.asset, name="asset"),
    path("assets/<uuid:asset_id>/delete/", assets.delete, name="asset_delete"),
    path("new/", start.choose, name="new"),
    path("new/<slug:slug>/", start.start, name="start"),
    path("new/<slug:slug>/estimate/", start.estimate, name="estimate"),
    path("new/<slug:slug>/sample/", start.sample, name="sample"),
    path("jobs/", joblist.jobs, name="jobs"),
    path("jobs/follow.json", joblist.follow, name="follow"),
    path("jobs/<uuid:job_id>/", job.job, name="job"),
    path("jobs/<uuid:job_id>/live/", job.live, name="job_live"),
    path("jobs/<uuid:job_id>/why/", job.why, name="job_why"),
    path("jobs/<uuid:job_id>/state.json", job.state, name="job_state"),
    path("jobs/<uuid:job_id>/cancel/", job.cancel, name="job_cancel"),
    path("jobs/<uuid:job_id>/retry/", job.retry, name="job_retry"),
    path("jobs/<uuid:job_id>/approve/", job.approve, name="job_approve"),
    path("jobs/<uuid:job_id>/delete/", job.delete, name="job_delete"),
    path("jobs/<uuid:job_id>/notify/", job.set_notify, name="job_notify"),
    path("jobs/<uuid:job_id>/share/", shares.share, name="share"),
    path(
        "jobs/<uuid:job_id>/share/<uuid:link_id>/revoke/",
        shares.revoke,
        name="share_revoke",
    ),
    path("batches/<uuid:batch_id>/", joblist.batch, name="batch"),
    path("shared/<str:token>/", shares.shared, name="shared"),
    path(
        "shared/<str:token>/files/<uuid:asset_id>/<str:filename>",
        shares.shared_file,
        name="shared_file",
    ),
    path(
        "shared/<str:token>/thumbnails/<uuid:asset_id>/",
        shares.shared_thumbnail,
        name="shared_thumbnail",
    ),
]
