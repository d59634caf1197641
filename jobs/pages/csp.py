"""Which content our pages may load: their own, and nothing that came in as text."""

import base64
import hashlib
import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
PLACES = ("/studio/", "/admin/")
# Pages of django-rq, whose templates carry small scripts and styles of their own.
QUEUE_PAGES = "/admin/queues/"

# The one style that model-viewer writes into its own shadow tree.
MODEL_VIEWER_STYLE = "'sha256-PXtZZkJMMyc18o/DN1ZEFOJ2qEGq95IQbVaJFMOXOb0='"
_INLINE = {
    kind: re.compile(rf"<{kind}(?![^>]*\bsrc=)[^>]*>(.*?)</{kind}>", re.DOTALL)
    for kind in ("script", "style")
}


def policy(*, scripts: str = "", styles: str = "") -> str:
    return "; ".join(
        (
            "default-src 'none'",
            # Models may be packed with codecs that come as WebAssembly.
            f"script-src 'self' 'wasm-unsafe-eval'{scripts}",
            f"style-src 'self' {MODEL_VIEWER_STYLE}{styles}",
            "img-src 'self' blob: data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self' blob:",
            "worker-src 'self' blob:",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


POLICY = policy()


def policy_for(page: str) -> str:
    """Lets in what stands in a page of ours by its hash; texts of users are escaped there."""
    return policy(scripts=_hashes("script", page), styles=_hashes("style", page))


def _hashes(kind: str, page: str) -> str:
    found = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in _INLINE[kind].findall(page)
    ]
    return "".join(f" 'sha256-{digest}'" for digest in found)


class ContentSecurityPolicyMiddleware:
    """Puts the policy on the studio's and the staff's pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith(PLACES) or HEADER in response.headers:
            return response
        ours = POLICY
        if request.path.startswith(QUEUE_PAGES) and not response.streaming:
            ours = policy_for(response.content.decode())
        response.headers[HEADER] = ours
        return response
