"""The one web process: pages, REST and event streams over HTTP, sockets, static files."""

import gc
import os
from importlib import import_module
from importlib.util import find_spec

from jobs.files.bodies import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mediaforge.settings")
http = get_asgi_application()

# Below this line, since consumers import models, which want Django to be set up.
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from servestatic import ServeStaticASGI  # noqa: E402

from jobs.live import routing  # noqa: E402

settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)

# An app that has sockets of its own names them in full in its `routing.py`.
rooms = [app for app in settings.PIPELINE_APPS if find_spec(f"{app}.routing")]
sockets = [
    *routing.urlpatterns,
    *(each for app in rooms for each in import_module(f"{app}.routing").urlpatterns),
    *routing.nothing_here,
]

# Who is asking is found out by the sockets: a key and a session are both welcome.
application = ProtocolTypeRouter(
    {
        "http": ServeStaticASGI(
            http,
            root=settings.STATIC_ROOT,
            prefix=settings.STATIC_URL,
            autorefresh=settings.DEBUG,
            max_age=0 if settings.DEBUG else 300,
        ),
        "websocket": URLRouter(sockets),
    }
)

# The first request needs all addresses; and what is loaded by now stays, so that no
# request waits for the collector to look through it.
import_module(settings.ROOT_URLCONF)
gc.collect()
gc.freeze()
