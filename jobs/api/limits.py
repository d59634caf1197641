"""Rate limits, counted in Redis: per key or session, and per address where nobody signed in."""

import logging
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from django.http import HttpRequest

from jobs.models import ApiKey

logger = logging.getLogger(__name__)

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
# A weighted sum of this window and the one before: no burst at the border of two.
_COUNT = """
local current = tonumber(redis.call('GET', KEYS[1]) or '0')
local earlier = tonumber(redis.call('GET', KEYS[2]) or '0')
local used = current + earlier * tonumber(ARGV[2])
if used + 1 > tonumber(ARGV[1]) then
    return {0, math.ceil(used)}
end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {1, math.ceil(used + 1)}
"""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many calls in so many seconds."""

    calls: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        calls, _, unit = text.partition("/")
        name = next(
            n for n in SECONDS if n.startswith(unit.strip().rstrip("s").lower())
        )
        return cls(calls=int(calls), seconds=SECONDS[name])


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a caller has left."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_s),
        }


def rate_of(scope: str, *, exempt: bool = False) -> tuple[str, Rate] | None:
    """The rate for a group of endpoints, and whose counter it uses."""
    own = settings.RATE_LIMITS.get(scope)
    if own:
        return scope, Rate.parse(own)
    return None if exempt else ("all", Rate.parse(settings.RATE_LIMIT))


def identity(request: HttpRequest, key: ApiKey | None) -> str:
    """Whose calls are counted together."""
    if key is not None:
        return f"key:{key.pk}"
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    return f"address:{address(request)}"


def address(request: HttpRequest) -> str:
    if settings.SECURE_PROXY:
        # The proxy in front appends the address that it saw itself.
        forwarded = request.headers.get("X-Forwarded-For", "")
        if forwarded:
            return forwarded.rsplit(",", 1)[-1].strip()
    return str(request.META.get("REMOTE_ADDR", ""))


def count(who: str, counter: str, rate: Rate) -> Verdict | None:
    """Count one call; None when Redis is away: a limit must not be an outage."""
    now = time.time()
    window = int(now // rate.seconds)
    passed = now % rate.seconds / rate.seconds
    name = f"mediaforge:rate:{counter}:{who}"
    try:
        allowed, used = _script()(
            keys=[f"{name}:{window}", f"{name}:{window - 1}"],
            args=[rate.calls, 1 - passed, 2 * rate.seconds],
        )
    except redis.RedisError as error:
        logger.warning("calls are not counted: %s", error)
        return None
    return Verdict(
        allowed=bool(allowed),
        limit=rate.calls,
        remaining=max(0, rate.calls - int(used)),
        reset_s=max(1, int(rate.seconds * (1 - passed)) + 1),
    )


@cache
def _script() -> "redis.commands.core.Script":
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1
    )
    return client.register_script(_COUNT)
