"""The one place that reads the environment; `.env.example` says what each variable does."""

import os
import secrets
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext

from mediaforge import places, preflight
from mediaforge.environment import from_process, postgres
from mediaforge.logs import logging_config

django_stubs_ext.monkeypatch()

BASE_DIR = places.BASE
VAR_DIR = places.var_folder()
preflight.make_writable(VAR_DIR)
ENV = from_process(places.env_file())

# Machine code of hot loops is kept from start to start; numba reads this when imported.
os.environ.setdefault("NUMBA_CACHE_DIR", str(VAR_DIR / "numba"))

# The service ------------------------------------------------------------------------

APP_NAME = ENV.text("APP_NAME", "MediaForge")
APP_VERSION = ENV.text("APP_VERSION", "0.1.0")
ENVIRONMENT = ENV.text("ENVIRONMENT", "development")
DEBUG = ENV.flag("DEBUG", default=False)
HOST = ENV.text("HOST", "127.0.0.1")
PORT = ENV.integer("PORT", 8000, least=1, most=65535)
# Where others reach this server (vendors' callbacks, links in mails); empty: they cannot.
PUBLIC_URL = ENV.url("PUBLIC_URL").rstrip("/")
API_V1_PREFIX = ENV.path_prefix("API_V1_PREFIX", "/api/v1")
API_PREFIX = ENV.path_prefix("API_PREFIX", "/api")

# Who may ----------------------------------------------------------------------------


def _secret_key() -> str:
    """The configured key, or one that is made once and kept."""
    configured = ENV.text("SECRET_KEY")
    if configured:
        return configured
    kept = VAR_DIR / "secret-key"
    if not kept.exists():
        # Written aside and linked: of two first starts at once, both read the same key.
        fresh = VAR_DIR / f"secret-key.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(50))
        with suppress(FileExistsError):
            kept.hardlink_to(fresh)
        fresh.unlink()
    return kept.read_text()


SECRET_KEY = _secret_key()
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname
ALLOWED_HOSTS = ENV.words("ALLOWED_HOSTS")
if not ALLOWED_HOSTS:
    # Until it is told its name, it answers to any.
    ALLOWED_HOSTS = [PUBLIC_HOST, "localhost", "127.0.0.1"] if PUBLIC_HOST else ["*"]
CORS_ALLOWED_ORIGINS = ENV.origins("CORS_ORIGINS", "http://localhost:3000")
CORS_ALLOW_ALL_ORIGINS = "*" in CORS_ALLOWED_ORIGINS
if CORS_ALLOW_ALL_ORIGINS:
    CORS_ALLOWED_ORIGINS = []
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "last-event-id",
    "range",
    "tus-resumable",
    "upload-checksum",
    "upload-length",
    "upload-metadata",
    "upload-offset",
    "x-csrftoken",
    "x-request-id",
    "x-requested-with",
]
CORS_EXPOSE_HEADERS = [
    "Asset-Id",
    "Content-Disposition",
    "Content-Range",
    "ETag",
    "Location",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "Tus-Resumable",
    "Upload-Expires",
    "Upload-Length",
    "Upload-Offset",
    "X-Request-Id",
]
CSRF_TRUSTED_ORIGINS = ENV.origins("CSRF_TRUSTED_ORIGINS") or (
    [PUBLIC_URL] if PUBLIC_URL else []
)
SIGNUP = ENV.flag("SIGNUP", default=False)
METRICS_TOKEN = ENV.secret("METRICS_TOKEN")
SECURE_PROXY = ENV.flag("SECURE_PROXY", default=False)
if SECURE_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "/studio/login/"
LOGIN_REDIRECT_URL = "/studio/"
LOGOUT_REDIRECT_URL = "/studio/login/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# What the project is made of --------------------------------------------------------

# A pipeline app is added by its folder and its name here.
PIPELINE_APPS = ["scans", "paintings", "ads", "quizzes"]
INSTALLED_APPS = [
    *PIPELINE_APPS,
    "jobs",
    "mediaforge",
    "channels",
    "corsheaders",
    "django_htmx",
    "django_rq",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "storages",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "mediaforge.requests.RequestLogMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.pages.csp.ContentSecurityPolicyMiddleware",
]
ROOT_URLCONF = "mediaforge.urls"
ASGI_APPLICATION = "mediaforge.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jobs.pages.context.studio",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
# Everything is said in English: no page asks which language it is in.
USE_I18N = False
# Seeds' endpoints are documented without a slash at their end; ours have one.
APPEND_SLASH = True

# Postgres, Redis, and what is built on them -----------------------------------------

DATABASE_URL = ENV.url(
    "DATABASE_URL", schemes=("postgresql", "postgres")
) or places.postgres_url(VAR_DIR)
# The web process keeps a pool; processes that fork must not share one.
DATABASE_POOL_SIZE = ENV.integer("DATABASE_POOL_SIZE", 0, most=1000)
DATABASES: dict[str, dict[str, Any]] = {
    "default": postgres("DATABASE_URL", DATABASE_URL)
}
if DATABASE_POOL_SIZE:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": DATABASE_POOL_SIZE,
        "timeout": 10,
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 300
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)

REDIS_URL = ENV.url(
    "REDIS_URL", schemes=("redis", "rediss", "unix")
) or places.redis_url(VAR_DIR)
RQ_QUEUES = {
    f"{queue}-{priority}": {"URL": REDIS_URL}
    for queue in ("cpu", "io", "gpu")
    for priority in ("high", "normal", "low")
}
RQ_SHOW_ADMIN_LINK = True
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "mediaforge"},
    }
}
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mediaforge",
    }
}

# Files ------------------------------------------------------------------------------

MEBIBYTE = 2**20
STORAGE_ROOT = ENV.path("STORAGE_ROOT", "var/storage", base=BASE_DIR)
if "STORAGE_ROOT" not in ENV.variables:
    STORAGE_ROOT = VAR_DIR / "storage"
UPLOAD_MAX_SIZE = ENV.integer("UPLOAD_MAX_SIZE", 100 * MEBIBYTE, least=1)
MAX_UPLOAD_SIZE_MB = ENV.integer("MAX_UPLOAD_SIZE_MB", 50, least=1)
RESUMABLE_MAX_SIZE = ENV.integer("RESUMABLE_MAX_SIZE", 10 * 1024 * MEBIBYTE, least=1)
MEDIA_ROOT = STORAGE_ROOT
# Where stages work; nothing here outlives its stage.
SCRATCH_ROOT = VAR_DIR / "scratch"
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * MEBIBYTE
# Forms' files go through the same intake as all others, with the forms' limits.
FILE_UPLOAD_HANDLERS = ["jobs.files.forms.IntakeHandler"]
# Form fields other than files; media never passes through request.body.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * MEBIBYTE

S3_BUCKET = ENV.text("S3_BUCKET")
S3_ENDPOINT_URL = ENV.url("S3_ENDPOINT_URL")
S3_PUBLIC_ENDPOINT_URL = ENV.url("S3_PUBLIC_ENDPOINT_URL") or S3_ENDPOINT_URL
S3_REGION = ENV.text("S3_REGION", "us-east-1")
S3_ACCESS_KEY_ID = ENV.secret("S3_ACCESS_KEY_ID")
S3_SECRET_ACCESS_KEY = ENV.secret("S3_SECRET_ACCESS_KEY")
S3_SESSION_TOKEN = ENV.secret("S3_SESSION_TOKEN")
S3_ADDRESSING_STYLE = ENV.text(
    "S3_ADDRESSING_STYLE", "path", choices=("path", "virtual", "auto")
)
S3_URL_EXPIRES_SECONDS = ENV.integer(
    "S3_URL_EXPIRES_SECONDS", 3600, least=1, most=604800
)


def _s3_storage() -> dict[str, Any]:
    from botocore.config import Config

    client = Config(
        signature_version="s3v4",
        s3={"addressing_style": S3_ADDRESSING_STYLE},
        connect_timeout=5,
        read_timeout=60,
        retries={"max_attempts": 3, "mode": "standard"},
        # Newer defaults send chunked trailers, which R2, B2 and older MinIOs refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": S3_ENDPOINT_URL or None,
            "region_name": S3_REGION,
            "access_key": S3_ACCESS_KEY_ID or None,
            "secret_key": S3_SECRET_ACCESS_KEY or None,
            "security_token": S3_SESSION_TOKEN or None,
            "client_config": client,
            "file_overwrite": False,
            "default_acl": None,
            "gzip": False,
            "querystring_expire": S3_URL_EXPIRES_SECONDS,
        },
    }


STORAGES: dict[str, dict[str, Any]] = {
    "default": (
        _s3_storage()
        if S3_BUCKET
        else {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": STORAGE_ROOT},
        }
    ),
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedStaticFilesStorage",
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = ENV.path("STATIC_ROOT", "var/static", base=BASE_DIR)
if "STATIC_ROOT" not in ENV.variables:
    STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "mediaforge.browser_packages.BrowserPackagesFinder",
]
NODE_MODULES = BASE_DIR / "node_modules"
# What a browser loads of the npm packages: below which address, from which folder, which files.
BROWSER_PACKAGES = {
    "vendor/model-viewer": ("@google/model-viewer/dist", ["model-viewer.min.js"]),
    "vendor/three": ("three/build", ["three.module.min.js", "three.core.min.js"]),
    "vendor/three-addons": (
        "three/examples/jsm",
        [
            "controls/OrbitControls.js",
            "environments/RoomEnvironment.js",
            "loaders/GLTFLoader.js",
            "loaders/OBJLoader.js",
            "loaders/PLYLoader.js",
            "loaders/STLLoader.js",
            "utils/*.js",
        ],
    ),
    "vendor/tus": ("tus-js-client/dist", ["tus.min.js"]),
    "vendor/geist": ("@fontsource-variable/geist/files", ["geist-latin-*normal.woff2"]),
    "vendor/geist-mono": (
        "@fontsource-variable/geist-mono/files",
        ["geist-mono-latin-wght-normal.woff2"],
    ),
}

# The runtime ------------------------------------------------------------------------

WORKER_CONCURRENCY = ENV.integer("WORKER_CONCURRENCY", 4, least=1, most=256)
MAX_QUEUE_SIZE = ENV.integer("MAX_QUEUE_SIZE", 100, least=1)
MAX_CONCURRENT_JOBS = ENV.integer("MAX_CONCURRENT_JOBS", 1, least=1)
JOB_TIMEOUT_SECONDS = ENV.integer("JOB_TIMEOUT_SECONDS", 600, least=1)
JOB_MAX_ATTEMPTS = ENV.integer("JOB_MAX_ATTEMPTS", 3, least=1, most=100)
JOB_RETRY_DELAY_SECONDS = ENV.number("JOB_RETRY_DELAY_SECONDS", 5)
JOB_CLEANUP_AGE_HOURS = ENV.number("JOB_CLEANUP_AGE_HOURS", 24)
POLLING_TIMEOUT_MINUTES = ENV.number("POLLING_TIMEOUT_MINUTES", 45)
POLLING_INITIAL_DELAY = ENV.number("POLLING_INITIAL_DELAY", 2.0)
POLLING_MAX_DELAY = ENV.number("POLLING_MAX_DELAY", 30.0)
LEASE_SECONDS = ENV.number("LEASE_SECONDS", 15, least=1)
HORSE_STANDBY_SECONDS = ENV.number("HORSE_STANDBY_SECONDS", 60)
CANCEL_GRACE_SECONDS = ENV.number("CANCEL_GRACE_SECONDS", 5)
# 0 means without a limit, in every limit and budget below.
OWNER_RUNNING_LIMIT = ENV.integer("OWNER_RUNNING_LIMIT", 4)
OWNER_BYTES_LIMIT = ENV.integer("OWNER_BYTES_LIMIT", 50 * 1024 * MEBIBYTE)
BUDGET_JOB_USD = ENV.number("BUDGET_JOB_USD", 0)
BUDGET_OWNER_MONTH_USD = ENV.number("BUDGET_OWNER_MONTH_USD", 0)
BUDGET_MONTH_USD = ENV.number("BUDGET_MONTH_USD", 0)
FFMPEG_BINARY = ENV.text("FFMPEG_BINARY")
FFMPEG_THREADS = ENV.integer("FFMPEG_THREADS", 2, least=1, most=256)
VIDEO_OUTPUT_FORMAT = ENV.text(
    "VIDEO_OUTPUT_FORMAT", "mp4", choices=("mp4", "mov", "mkv", "webm")
)
# Whether webhooks and fetched addresses may lie in private networks.
ALLOW_PRIVATE_ADDRESSES = ENV.flag("ALLOW_PRIVATE_ADDRESSES", default=False)

# Vendors ----------------------------------------------------------------------------

KIRI_API_KEY = ENV.secret("KIRI_API_KEY")
KIRI_BASE_URL = ENV.url("KIRI_BASE_URL", "https://api.kiriengine.app/api/")
KIRI_WEBHOOK_SECRET = ENV.secret("KIRI_WEBHOOK_SECRET")
FAL_KEY = ENV.secret("FAL_KEY")
FAL_QUEUE_URL = ENV.url("FAL_QUEUE_URL", "https://queue.fal.run")
FAL_REST_URL = ENV.url("FAL_REST_URL", "https://rest.fal.ai")
FAL_CDN_URL = ENV.url("FAL_CDN_URL", "https://v3.fal.media")
REPLICATE_API_TOKEN = ENV.secret("REPLICATE_API_TOKEN")
REPLICATE_API_KEY = ENV.secret("REPLICATE_API_KEY") or REPLICATE_API_TOKEN
REPLICATE_BASE_URL = ENV.url("REPLICATE_BASE_URL", "https://api.replicate.com")
REPLICATE_WEBHOOK_SECRET = ENV.secret("REPLICATE_WEBHOOK_SECRET")
ANTHROPIC_API_KEY = ENV.secret("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = ENV.url("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
ANTHROPIC_MODEL = ENV.text("ANTHROPIC_MODEL", "claude-sonnet-5-5")
OPENAI_API_KEY = ENV.secret("OPENAI_API_KEY")
OPENAI_BASE_URL = ENV.url("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_MODEL = ENV.text("OPENAI_MODEL", "gpt-6-luna")
OPENAI_TRANSCRIPTION_MODEL = ENV.text("OPENAI_TRANSCRIPTION_MODEL", "gpt-transcribe")
ELEVENLABS_API_KEY = ENV.secret("ELEVENLABS_API_KEY")
ELEVENLABS_BASE_URL = ENV.url("ELEVENLABS_BASE_URL", "https://api.elevenlabs.io")

# scans ------------------------------------------------------------------------------

MATTING_MODEL = ENV.text("MATTING_MODEL")

# paintings --------------------------------------------------------------------------

DEFAULT_NUM_LAYERS = ENV.integer("DEFAULT_NUM_LAYERS", 4, least=2, most=5)
DEFAULT_PAINTERLY_STYLE = ENV.text("DEFAULT_PAINTERLY_STYLE", "oil painting")
DEFAULT_PAINTERLY_STRENGTH = ENV.number("DEFAULT_PAINTERLY_STRENGTH", 0.5, most=1)
DEFAULT_PAINTERLY_SEED = ENV.integer("DEFAULT_PAINTERLY_SEED", 42)
DEPTH_MODEL = ENV.text("DEPTH_MODEL")

# ads --------------------------------------------------------------------------------

PIPER_VOICE = ENV.text("PIPER_VOICE")
ANTHROPIC_USD_PER_MTOK_IN = ENV.number("ANTHROPIC_USD_PER_MTOK_IN", 2.0)
ANTHROPIC_USD_PER_MTOK_OUT = ENV.number("ANTHROPIC_USD_PER_MTOK_OUT", 10.0)
ELEVENLABS_MODEL = ENV.text("ELEVENLABS_MODEL", "eleven_multilingual_v2")
ELEVENLABS_VOICE_ID = ENV.text("ELEVENLABS_VOICE_ID", "21m00Tcm4TlvDq8ikWAM")
ELEVENLABS_USD_PER_1K = ENV.number("ELEVENLABS_USD_PER_1K", 0.1)
OPENAI_SPEECH_MODEL = ENV.text("OPENAI_SPEECH_MODEL", "gpt-4o-mini-tts")
OPENAI_SPEECH_VOICE = ENV.text("OPENAI_SPEECH_VOICE", "marin")
OPENAI_SPEECH_USD_PER_1K = ENV.number("OPENAI_SPEECH_USD_PER_1K", 0.015)
REPLICATE_VIDEO_MODEL = ENV.text("REPLICATE_VIDEO_MODEL", "bytedance/seedance-1-lite")
REPLICATE_VIDEO_USD = ENV.number("REPLICATE_VIDEO_USD", 0.25)

# quizzes ----------------------------------------------------------------------------

WHISPER_MODEL = ENV.text("WHISPER_MODEL")
H5P_LIBRARIES = ENV.text("H5P_LIBRARIES")
# US dollars for a million tokens of OPENAI_MODEL.
OPENAI_INPUT_USD = ENV.number("OPENAI_INPUT_USD", 0.10)
OPENAI_OUTPUT_USD = ENV.number("OPENAI_OUTPUT_USD", 0.50)

# The doors --------------------------------------------------------------------------

RATE_LIMIT = ENV.rate("RATE_LIMIT", "100/minute")
RATE_LIMITS = ENV.rates("RATE_LIMIT_")
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "jobs.api.schema.HouseSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "jobs.api.auth.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["jobs.api.auth.MayCall"],
    "DEFAULT_PARSER_CLASSES": [
        "jobs.api.parsers.JsonParser",
        "rest_framework.parsers.MultiPartParser",
        "jobs.api.parsers.FormParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "jobs.api.errors.handle",
    "UNICODE_JSON": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": APP_NAME,
    "VERSION": APP_VERSION,
    "DESCRIPTION": "Media in, other media out: scans, models, paintings, ads, quizzes.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "OAS_VERSION": "3.1.1",
    "PREPROCESSING_HOOKS": ["jobs.api.schema.one_path_each"],
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "jobs.models.Job.Status",
        "StageStatus": "jobs.models.Stage.Status",
        "AssetStatus": "jobs.models.Asset.Status",
        "DeliveryStatus": "jobs.models.WebhookDelivery.Status",
        "ScanStatus": "scans.api.STATUSES",
    },
}

# Mail -------------------------------------------------------------------------------

EMAIL_HOST = ENV.text("EMAIL_HOST")
EMAIL_PORT = ENV.integer("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = ENV.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = ENV.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = ENV.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = ENV.text("EMAIL_FROM", "mediaforge@localhost")
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    # Without a mail server letters lie in var/mail, where one can read them.
    else "django.core.mail.backends.filebased.EmailBackend"
)

# Logs -------------------------------------------------------------------------------

LOG_LEVEL = ENV.text(
    "LOG_LEVEL", "INFO", choices=("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
LOG_FORMAT = ENV.text("LOG_FORMAT", "console", choices=("console", "json"))
LOG_FILE = ENV.path("LOG_FILE", "var/logs/app.log", base=BASE_DIR)
if "LOG_FILE" not in ENV.variables:
    LOG_FILE = VAR_DIR / "logs" / "app.log"
LOGGING_CONFIG = "mediaforge.logs.configure"
LOGGING = logging_config(level=LOG_LEVEL, form=LOG_FORMAT, file=LOG_FILE)
