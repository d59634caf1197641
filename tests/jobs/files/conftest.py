"""The same tests over a disk and over a bucket that speaks S3 over HTTP."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

BUCKET = "media"


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(settings: Any, s3_address: str) -> Any:
    """Storage is this bucket for one test."""
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    access = {"access_key": "test", "secret_key": "test"}
    settings.S3_BUCKET = BUCKET
    settings.S3_PUBLIC_ENDPOINT_URL = s3_address
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "endpoint_url": s3_address,
                "region_name": "us-east-1",
                "security_token": None,
                "client_config": config,
                "file_overwrite": False,
                "default_acl": None,
                **access,
            },
        },
    }
    found = boto3.resource(
        "s3",
        endpoint_url=s3_address,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    ).Bucket(BUCKET)
    found.create()
    yield found
    found.objects.all().delete()
    found.delete()


@pytest.fixture(params=["disk", "bucket"])
def storage_kind(request: pytest.FixtureRequest) -> str:
    """Runs a test twice: files on disk, files in a bucket."""
    if request.param == "bucket":
        request.getfixturevalue("bucket")
    return str(request.param)
