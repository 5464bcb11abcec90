"""A real S3 server on this machine for tests and benchmarks: SeaweedFS, with a folder and ports of its own."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

KEY_ID, SECRET, BUCKET = "countersign", "a secret of this throw-away server", "sealed"
PATIENCE = 60  # seconds until it answers on a busy machine


def free_ports(count: int) -> list[int]:
    """Ports that are free together with the ones 10,000 above them, which SeaweedFS takes for itself."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(20_000, 50_000)
        if port not in found and all(is_free(one) for one in (port, port + 10_000)):
            found.append(port)
    return found


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start a server with one empty bucket; hand out the environment with which the product stores there."""
    folder = Path(tempfile.mkdtemp(prefix="cs-s3-"))
    (folder / "data").mkdir()
    admin = {"name": "tests", "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}], "actions": ["Admin"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [admin]}))
    master, volume, filer, s3 = free_ports(4)
    command = [
        str(Path(sys.executable).parent / "weed"), "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1",
        f"-master.port={master}", f"-volume.port={volume}", "-volume.max=20", "-master.volumeSizeLimitMB=1024",
        "-filer", f"-filer.port={filer}", "-s3", f"-s3.port={s3}", f"-s3.config={folder / 's3.json'}",
    ]  # fmt: skip
    environment = {"PATH": os.defpath, "HOME": str(folder)}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=environment)
    environment = {
        "FILES_STORAGE": "s3",
        "S3_BUCKET": BUCKET,
        "S3_ENDPOINT_URL": f"http://127.0.0.1:{s3}",
        "S3_ACCESS_KEY_ID": KEY_ID,
        "S3_SECRET_ACCESS_KEY": SECRET,
        "S3_REGION": "us-east-1",
    }
    try:
        make_bucket(environment, process, folder / "log")
        yield environment
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def client(environment: dict[str, str]):
    """A client of the server, past the product."""
    return boto3.client(
        "s3",
        endpoint_url=environment["S3_ENDPOINT_URL"],
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
        region_name="us-east-1",
        config=Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=30),
    )


def make_bucket(environment: dict[str, str], process: subprocess.Popen, log: Path) -> None:
    """Wait for the server with the bucket that it is asked to make, and a first object in it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            client(environment).create_bucket(Bucket=BUCKET)
            client(environment).put_object(Bucket=BUCKET, Key="first", Body=b"x")
            client(environment).delete_object(Bucket=BUCKET, Key="first")
        except (BotoCoreError, ClientError) as error:
            if "BucketAlready" in str(error):
                return
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"No S3 server: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.3)
        else:
            return
