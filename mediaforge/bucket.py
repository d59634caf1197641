"""The S3 bucket that keeps assets, made where it is missing."""

from botocore.exceptions import ClientError
from storages.backends.s3 import S3Storage

# A server that does not know the bucket says so in one of these ways.
MISSING = {"404", "NoSuchBucket", "NotFound"}


def ensure_bucket(storage: S3Storage) -> None:
    # The storage's own client: it is configured for this server already.
    client = storage.connection.meta.client
    try:
        client.head_bucket(Bucket=storage.bucket_name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING:
            raise
        client.create_bucket(Bucket=storage.bucket_name, **_place(storage))


def _place(storage: S3Storage) -> dict[str, object]:
    """AWS wants the region said, but for its first one, where it must not be."""
    if storage.endpoint_url or storage.region_name == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": storage.region_name}}
