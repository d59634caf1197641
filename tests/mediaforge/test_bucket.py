"""The bucket is made where it is missing, and left alone where it is."""

from collections.abc import Iterator

import pytest
from django.core.files.base import ContentFile
from moto.server import ThreadedMotoServer
from storages.backends.s3 import S3Storage

from mediaforge import settings as product
from mediaforge.bucket import ensure_bucket


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Storage]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    monkeypatch.setattr(product, "S3_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(product, "S3_BUCKET", "media")
    monkeypatch.setattr(product, "S3_ACCESS_KEY_ID", "key")
    monkeypatch.setattr(product, "S3_SECRET_ACCESS_KEY", "secret")
    yield S3Storage(**product._s3_storage()["OPTIONS"])
    server.stop()


def test_a_missing_bucket_is_made_and_keeps_files(storage: S3Storage) -> None:
    ensure_bucket(storage)

    name = storage.save("a.txt", ContentFile(b"kept"))

    with storage.open(name) as file:
        assert file.read() == b"kept"


def test_a_bucket_that_is_there_keeps_what_it_has(storage: S3Storage) -> None:
    ensure_bucket(storage)
    storage.save("a.txt", ContentFile(b"kept"))

    ensure_bucket(storage)

    assert storage.exists("a.txt")


def test_addresses_are_signed_with_version_four(storage: S3Storage) -> None:
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in storage.url("a.txt")
