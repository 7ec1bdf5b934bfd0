"""The caller of a profile, with the arguments that the AWS CLI takes for it."""

import sys

import boto3

given = dict(zip(sys.argv[1:-2:2], sys.argv[2:-2:2]))
session = boto3.Session(profile_name=given["--profile"])
print(session.client("sts", endpoint_url=given["--endpoint-url"]).get_caller_identity()["Arn"])
