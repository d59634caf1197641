"""KIRI Engine's open API over real HTTP: strict, and able to misbehave."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.vendors.counter import Counter, open_counter

KEY = "kiri_test"
FILE_PART = re.compile(rb'name="(imagesFiles|videoFile)[^"]*"; filename=')
FIELD_PART = re.compile(rb'name="(\w+)"\r\n\r\n([^\r]*)\r\n')


def packed(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


@dataclass
class KiriEmulator:
    """Each scan walks through `script`; `failures` are (status, body) sent first."""

    url: str = ""
    balance: int = 5
    success_code: int = 0
    script: list[int] = field(default_factory=lambda: [-1, 3, 0, 0, 2])
    archive: bytes = b""
    link_expired: bool = False
    # So many links are over before they are used; those after them are good.
    links_over: int = 0
    # So often a finished scan has no archive yet.
    not_packed: int = 0
    drop_upload_answer: bool = False
    no_serialize: bool = False
    control_characters: bool = False
    failures: list[tuple[int, Any]] = field(default_factory=list)
    # What came in: (kind, file parts, fields).
    uploads: list[tuple[str, int, dict[str, str]]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    downloads: int = 0

    def envelope(self, data: Any, *, ok: bool = True, code: int | None = None) -> bytes:
        said = "success" if ok else "refused"
        told = {
            "code": self.success_code if code is None else code,
            "msg": f"{said}\x01" if self.control_characters else said,
            "data": data,
            "ok": ok,
        }
        text = json.dumps(told)
        # json escapes the control character; the service sends it raw.
        return text.replace("\\u0001", "\x01").encode()

    def refusal(self, status: int) -> tuple[int, bytes]:
        return status, self.envelope(None, ok=False, code=status)

    def upload(self, kind: str, body: bytes) -> tuple[int, bytes]:
        files = len(FILE_PART.findall(body))
        fields = {k.decode(): v.decode() for k, v in FIELD_PART.findall(body)}
        self.uploads.append((kind, files, fields))
        if self.balance < 1:
            return self.refusal(403)
        if kind.endswith("image") and not 20 <= files <= 300:
            return self.refusal(400)
        if kind.endswith("video") and files != 1:
            return self.refusal(400)
        self.balance -= 1
        serialize = f"{len(self.uploads):032x}"
        self.asked[serialize] = 0
        if self.no_serialize:
            return 200, self.envelope({})
        kinds = {"photo": 1, "featureless": 2, "3dgs": 3}
        calculated = kinds[kind.partition("/")[0]]
        return 200, self.envelope({"serialize": serialize, "calculateType": calculated})

    def get(self, path: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        if path == "balance":
            return 200, self.envelope({"balance": self.balance})
        serialize = query.get("serialize", [""])[0]
        if serialize not in self.asked:
            return self.refusal(404)
        step = min(self.asked[serialize], len(self.script) - 1)
        if path == "model/getStatus":
            self.asked[serialize] += 1
            told = {"serialize": serialize, "status": self.script[step]}
            return 200, self.envelope(told)
        if self.script[step] != 2 or self.not_packed:
            self.not_packed = max(0, self.not_packed - 1)
            return 200, self.envelope(None, ok=False, code=2000)
        link = f"{self.url.removesuffix('/api/')}/bucket/{serialize}.zip?X-Amz-Expires=3600"
        return 200, self.envelope({"modelUrl": link, "serialize": serialize})

    def call_back(
        self, url: str, secret: str, serialize: str, status: int
    ) -> list[int]:
        """Tell a server of a scan, as the dashboard's webhook does; what it answered.

        Anything but 200 is tried three times more (without the vendor's pauses).
        """
        if not 6 <= len(secret) <= 40:
            raise ValueError("The dashboard takes secrets of 6 to 40 characters.")
        answers: list[int] = []
        while len(answers) < 4 and 200 not in answers:
            body = {"serialize": serialize, "status": status}
            told = httpx.post(url, json=body, headers={"x-signature": secret})
            answers.append(told.status_code)
        return answers

    def bucket(self, authorization: str | None) -> tuple[int, bytes]:
        self.downloads += 1
        if authorization:
            return 400, b"<Error>Only one auth mechanism allowed</Error>"
        if self.link_expired or self.links_over:
            self.links_over = max(0, self.links_over - 1)
            return 403, b"<Error>Request has expired</Error>"
        return 200, self.archive


@contextmanager
def kiri_emulator() -> Iterator[KiriEmulator]:
    emulator = KiriEmulator()

    class Handler(Counter):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path.startswith("/bucket/"):
                self._answer(*emulator.bucket(self.headers.get("Authorization")))
            elif self._allowed():
                path = parts.path.removeprefix("/api/v1/open/")
                self._answer(*emulator.get(path, parse_qs(parts.query)))

        def do_POST(self) -> None:
            body = self.read_body()
            if not self._allowed():
                return
            answer = emulator.upload(self.path.removeprefix("/api/v1/open/"), body)
            if emulator.drop_upload_answer:
                self.hang_up()
            else:
                self._answer(*answer)

        def _allowed(self) -> bool:
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                self._answer(*emulator.refusal(401))
                return False
            if emulator.failures:
                status, told = emulator.failures.pop(0)
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self._answer(status, content)
                return False
            return True

        def _answer(self, status: int, content: bytes) -> None:
            headers = {"Retry-After": "7"} if status == 429 else {}
            self.send(status, content, headers=headers)

    with open_counter(Handler) as address:
        emulator.url = f"{address}/api/"
        yield emulator
