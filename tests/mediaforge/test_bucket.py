"""The bucket is made where it is missing, and left alone where it is."""

from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage

from mediaforge import settings as product
from mediaforge.bucket import ensure_bucket


@pytest.fixture
def storage(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> S3Storage:
    monkeypatch.setattr(product, "S3_ENDPOINT_URL", s3_address)
    monkeypatch.setattr(product, "S3_BUCKET", f"media-{uuid4().hex}")
    monkeypatch.setattr(product, "S3_ACCESS_KEY_ID", "key")
    monkeypatch.setattr(product, "S3_SECRET_ACCESS_KEY", "secret")
    return S3Storage(**product._s3_storage()["OPTIONS"])


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
