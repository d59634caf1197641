"""Which content our pages may load: their own, and nothing that came in as text."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "Content-Security-Policy"
PLACES = ("/studio/", "/admin/")

# The one style that model-viewer writes into its own shadow tree.
MODEL_VIEWER_STYLE = "'sha256-MODELVIEWERSTYLE'"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        f"style-src 'self' {MODEL_VIEWER_STYLE}",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self' blob:",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class ContentSecurityPolicyMiddleware:
    """Puts the policy on the studio's and the staff's pages."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(PLACES) and HEADER not in response.headers:
            response.headers[HEADER] = POLICY
        return response
