"""Where vendors call back: the unguessable address is all that they need."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import services
from jobs.hooks import read_hook


@csrf_exempt
@require_POST
def hear(request: HttpRequest, token: str) -> HttpResponse:
    """A vendor says that its task changed; what it says is not believed, but looked up."""
    hooked = read_hook(token)
    services.wake_stage(hooked.job_id, hooked.stage_id, by="vendor")
    return HttpResponse(status=204)
