"""What boto3 does with a store: each identity with its own prefix, and no other."""

import io
import json
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

given = json.loads(os.environ["DAYPASS_INTEROP"])
BUCKET = given["bucket"]
DEPARTURES = given["departures"]


def client(who, **changes):
    who = {**given[who], **changes}
    return boto3.client(
        "s3", endpoint_url=given["s3"], region_name=given["region"], aws_access_key_id=who["access_key_id"],
        aws_secret_access_key=who["secret_access_key"], aws_session_token=who["session_token"] or None,
        config=Config(s3={"addressing_style": "path"}, signature_version="s3v4", retries={"total_max_attempts": 1}),
    )


def key(who, name):
    return f"{given[who]['id']}/{name}"


def refused(call, codes=("AccessDenied", "403"), **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code in codes, f"{call.__name__}: {code}, not one of {codes}"
        return
    raise AssertionError(f"{call.__name__} is not refused: {arguments}")


def post(form, name, content, statuses):
    """post sends a form with a file, as browsers do."""
    mark = "a-mark-between-the-fields"
    body = b""
    for field, value in form["fields"].items():
        body += f'--{mark}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
    body += f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content + f"\r\n--{mark}--\r\n".encode()
    request = urllib.request.Request(form["url"], data=body, headers={"Content-Type": f"multipart/form-data; boundary={mark}"})
    try:
        with urllib.request.urlopen(request) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    assert status in statuses, f"{name}: {status} {content}"


def check(mine, theirs):
    s3 = client(mine)
    secret = key(theirs, "boto3/secret")
    client(theirs).put_object(Bucket=BUCKET, Key=secret, Body=b"secret")

    # The own prefix.
    for name in ("plain", "dir/a b+c&d=é.txt", "..hidden/x", "x..y/z.", "%2e%2e%2fescaped", "tab\tnew", "ü/日本語"):
        at = key(mine, "boto3/" + name)
        s3.put_object(Bucket=BUCKET, Key=at, Body=name.encode())
        assert s3.get_object(Bucket=BUCKET, Key=at)["Body"].read() == name.encode(), name
        assert s3.head_object(Bucket=BUCKET, Key=at)["ContentLength"] == len(name.encode()), name
    assert s3.get_object(Bucket=BUCKET, Key=key(mine, "boto3/plain"), Range="bytes=1-3")["Body"].read() == b"lai"

    big = os.urandom(12 << 20)
    parts = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
    s3.upload_fileobj(io.BytesIO(big), BUCKET, key(mine, "boto3/big"), Config=parts)
    got = io.BytesIO()
    s3.download_fileobj(BUCKET, key(mine, "boto3/big"), got, Config=parts)
    assert got.getvalue() == big
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key(mine, "boto3/left"))["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key=key(mine, "boto3/left"), UploadId=upload, PartNumber=1, Body=b"x" * (5 << 20))
    assert len(s3.list_parts(Bucket=BUCKET, Key=key(mine, "boto3/left"), UploadId=upload)["Parts"]) == 1
    s3.abort_multipart_upload(Bucket=BUCKET, Key=key(mine, "boto3/left"), UploadId=upload)

    link = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key(mine, "boto3/big")}, ExpiresIn=60)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == big
    link = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": key(mine, "boto3/linked")}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(link, data=b"linked", method="PUT", headers={"Content-Type": ""})) as answer:
        assert answer.status == 200
    assert s3.get_object(Bucket=BUCKET, Key=key(mine, "boto3/linked"))["Body"].read() == b"linked"

    # A form, as a browser posts it, where the store asks about the object.
    form = s3.generate_presigned_post(BUCKET, key(mine, "boto3/${filename}"), Conditions=[["starts-with", "$key", key(mine, "boto3/")]], ExpiresIn=60)
    post(form, "posted.txt", b"posted", (403,) if DEPARTURES["no_forms"] else (200, 201, 204))
    form = s3.generate_presigned_post(BUCKET, key(theirs, "boto3/planted.txt"), ExpiresIn=60)
    post(form, "planted.txt", b"planted", (403,))

    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=key(mine, "boto3/"))
    assert listed["KeyCount"] >= 9 and all(o["Key"].startswith(given[mine]["id"] + "/") for o in listed["Contents"]), listed
    folders = s3.list_objects_v2(Bucket=BUCKET, Prefix=key(mine, "boto3/"), Delimiter="/", MaxKeys=3)
    assert folders["KeyCount"] == 3 and folders["IsTruncated"], folders

    if not DEPARTURES["no_copies"]:
        source = {"Bucket": BUCKET, "Key": key(mine, "boto3/dir/a b+c&d=é.txt")}
        s3.copy_object(Bucket=BUCKET, Key=key(mine, "boto3/copy"), CopySource=source)
        assert s3.get_object(Bucket=BUCKET, Key=key(mine, "boto3/copy"))["Body"].read() == "dir/a b+c&d=é.txt".encode()
        refused(s3.copy_object, Bucket=BUCKET, Key=key(mine, "boto3/stolen"), CopySource={"Bucket": BUCKET, "Key": secret})
        refused(s3.copy_object, Bucket=BUCKET, Key=key(theirs, "boto3/planted"), CopySource=source)

    # The other's, and the whole.
    refused(s3.get_object, Bucket=BUCKET, Key=secret)
    refused(s3.head_object, Bucket=BUCKET, Key=secret)
    refused(s3.put_object, Bucket=BUCKET, Key=secret, Body=b"mine")
    refused(s3.delete_object, Bucket=BUCKET, Key=secret)
    refused(s3.create_multipart_upload, Bucket=BUCKET, Key=secret)
    refused(s3.list_objects_v2, Bucket=BUCKET)
    refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=given[theirs]["id"] + "/")
    refused(s3.list_objects_v2, Bucket=BUCKET, Prefix=given[mine]["id"])
    if DEPARTURES["empty_buckets"]:
        assert s3.list_buckets()["Buckets"] == []
    else:
        refused(s3.list_buckets)
    refused(s3.create_bucket, Bucket="another")
    refused(s3.delete_bucket, Bucket=BUCKET)
    refused(s3.get_bucket_policy, Bucket=BUCKET)
    refused(s3.put_bucket_policy, Bucket=BUCKET, Policy="{}")
    refused(s3.put_object, Bucket=BUCKET, Key="beside", Body=b"x")
    refused(s3.put_object, Bucket=BUCKET, Key=given[mine]["id"] + "x/beside", Body=b"x")
    if not DEPARTURES["ignores_case"]:
        refused(s3.put_object, Bucket=BUCKET, Key=given[mine]["id"].upper() + "/x", Body=b"x")

    if DEPARTURES["disconnects"]:
        s3 = client(mine)

    # Of several to delete, those that may be.
    s3.put_object(Bucket=BUCKET, Key=key(mine, "boto3/gone"), Body=b"x")
    several = {"Objects": [{"Key": key(mine, "boto3/gone")}, {"Key": secret}]}
    if DEPARTURES["no_delete_objects"]:
        refused(s3.delete_objects, Bucket=BUCKET, Delete=several)
        s3.delete_object(Bucket=BUCKET, Key=key(mine, "boto3/gone"))
    else:
        deleted = s3.delete_objects(Bucket=BUCKET, Delete=several)
        assert [d["Key"] for d in deleted["Deleted"]] == [key(mine, "boto3/gone")], deleted
        assert [(e["Key"], e["Code"]) for e in deleted["Errors"]] == [(secret, "AccessDenied")], deleted
    assert client(theirs).get_object(Bucket=BUCKET, Key=secret)["Body"].read() == b"secret"

    # Credentials that are none.
    refused(client(mine, secret_access_key="x" * 40).put_object, ("SignatureDoesNotMatch",), Bucket=BUCKET, Key=key(mine, "x"), Body=b"x")
    for token in ("", given[theirs]["session_token"]):
        refused(client(mine, session_token=token).put_object, ("InvalidToken", "InvalidTokenId", "InvalidAccessKeyId", "AccessDenied"),
                Bucket=BUCKET, Key=key(mine, "x"), Body=b"x")

    # Several at once.
    with ThreadPoolExecutor(4) as workers:
        for text in workers.map(lambda n: client(mine).get_object(Bucket=BUCKET, Key=key(mine, "boto3/plain"))["Body"].read(), range(12)):
            assert text == b"plain"


check("alice", "bob")
check("guest", "other")
