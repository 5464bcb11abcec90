"""Sealed bytes in a bucket of S3, or of a server that speaks like it: streamed both ways, in constant memory."""

from typing import Any

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError
from django.core.files.base import File
from storages.backends.s3 import S3Storage

PART = 8 * 1024 * 1024  # bytes a part of a multipart upload; S3 takes 10,000 of them, so files up to 80 GB


class SealedBucket(S3Storage):
    """S3 as django-storages has it, but a file is read while it arrives and sent one part after the other."""

    def get_default_settings(self) -> dict[str, Any]:
        given: dict[str, Any] = super().get_default_settings()
        one_by_one = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
        return given | {"transfer_config": one_by_one, "file_overwrite": False, "querystring_auth": False}

    def _open(self, name: str, mode: str = "rb") -> File:
        if mode != "rb":
            raise ValueError("A sealed file is never rewritten.")
        try:
            found = self.bucket.Object(self._normalize_name(name)).get()
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                raise FileNotFoundError(f"There is no object {name}.") from error
            raise
        body = File(found["Body"], name)
        body.size = found["ContentLength"]
        return body

    def url(self, name: str, *args: Any, **kwargs: Any) -> str:
        raise ValueError("Sealed files are not accessible via a URL.")
