"""The eight exceptions of GetCredentialsForIdentity, each caught by the class that
boto3 makes for it. boto3_test.go prepares each case, and tells where it is."""

import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config

# The cases: an exception's name, the endpoint, and the arguments of the call.
cases = json.loads(os.environ["DAYPASS_INTEROP"])

for case in cases:
    client = boto3.Session(region_name="us-east-1").client(
        "cognito-identity", endpoint_url=case["endpoint"],
        config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}),
    )
    declared = {shape.name for shape in client.meta.service_model.operation_model("GetCredentialsForIdentity").error_shapes}
    assert declared == {c["exception"] for c in cases}, declared
    for _ in range(case.get("before", 0)):
        client.get_credentials_for_identity(**case["call"])
    try:
        answer = client.get_credentials_for_identity(**case["call"])
    except getattr(client.exceptions, case["exception"]) as e:
        status = 500 if case["exception"] == "InternalErrorException" else 400
        assert e.response["ResponseMetadata"]["HTTPStatusCode"] == status, e.response
        assert e.response["Error"]["Message"] == case["message"], e.response
    else:
        raise AssertionError(f"{case['exception']} expected, not {answer}")
