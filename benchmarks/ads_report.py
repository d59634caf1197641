"""What is said of an ad: one line a check."""

import json

from ads.styles import Aspect
from benchmarks.ads_made import Made


class Report:
    """Prints each finding as it is made."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.count = 0

    def tell(
        self,
        check: str,
        made: Made,
        value: object,
        limit: object,
        ok: bool,
        aspect: Aspect | None = None,
    ) -> None:
        style = made.params.style.value
        line: dict[str, object] = {
            "check": check,
            "style": style,
            "aspect": aspect.value if aspect else None,
            "value": value,
            "limit": limit,
            "ok": bool(ok),
        }
        print(json.dumps(line), flush=True)
        self.count += 1
        if not ok:
            self.failed.append(f"{check}/{style}")
