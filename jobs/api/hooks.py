"""Vendors' callbacks: only a hint to look now; what is true is asked of the vendor itself."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jobs import services
from jobs.errors import NotFoundError
from jobs.hooks import read_hook
from jobs.models import Job


@csrf_exempt
@require_POST
def vendor_hook(request: HttpRequest, token: str) -> JsonResponse:
    """Wake the stage that this address was made for; answers quickly, whatever the body says."""
    try:
        hooked = read_hook(token)
        services.wake_stage(hooked.job_id, hooked.stage_id, by="vendor")
    except (NotFoundError, Job.DoesNotExist):
        return JsonResponse({"detail": "There is no such hook."}, status=404)
    return JsonResponse({"detail": "Thank you."})
