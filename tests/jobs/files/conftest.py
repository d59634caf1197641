"""The same tests over a disk and over a bucket that speaks S3 over HTTP."""

from typing import Any

import boto3
import pytest
from botocore.config import Config

BUCKET = "media"


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
