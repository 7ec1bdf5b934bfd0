"""What the scripts share: the sign-ins that the Go test has made, and clients."""

import functools
import json
import os

import boto3
from botocore import UNSIGNED
from botocore.config import Config

# endpoint, region, account, access_key_id and secret_access_key of the server;
# issuer, provider (its name in Logins) and client_id of the OpenID provider, and
# club_issuer and club of another one; the ID tokens alice, bob, forged, expired
# and, of the other provider, club_bob.
given = json.loads(os.environ["DAYPASS_INTEROP"])

# Nothing may need a second try.
ONCE = {"retries": {"total_max_attempts": 1}}


def session(access_key_id, secret_access_key, session_token=None):
    return boto3.Session(
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret_access_key,
        aws_session_token=session_token,
        region_name=given["region"],
    )


def connect(service, of, **config):
    return of.client(service, endpoint_url=given["endpoint"], config=Config(**ONCE, **config))


root = session(given["access_key_id"], given["secret_access_key"])
cognito = connect("cognito-identity", root)
iam = connect("iam", root)
sts = connect("sts", root)

# An app has no credentials at all.
app = boto3.Session(region_name=given["region"])
app_cognito = connect("cognito-identity", app, signature_version=UNSIGNED)
app_sts = connect("sts", app, signature_version=UNSIGNED)


def logins(token):
    return {given["provider"]: token}


@functools.cache
def trust():
    """Makes the account trust the OpenID provider, once, and gives its ARN."""
    return new_provider(given["issuer"])


def new_provider(issuer):
    made = iam.create_open_id_connect_provider(
        Url=issuer,
        ClientIDList=[given["client_id"]],
        ThumbprintList=["0" * 40],  # older versions of boto3 insist on one
    )
    return made["OpenIDConnectProviderArn"]


def new_pool(guests=True, **settings):
    return cognito.create_identity_pool(
        IdentityPoolName="photos",
        AllowUnauthenticatedIdentities=guests,
        OpenIdConnectProviderARNs=[trust()],
        **settings,
    )["IdentityPoolId"]


def new_role(name, pool, kind):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": "cognito-identity.amazonaws.com"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {"cognito-identity.amazonaws.com:aud": pool},
                    "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
                },
            }
        ],
    }
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))["Role"]
    assert made["AssumeRolePolicyDocument"] == policy, made
    return made["Arn"]


def session_arn(role, name="CognitoIdentityCredentials"):
    return f"arn:aws:sts::{given['account']}:assumed-role/{role}/{name}"


def caller(access_key_id, secret_access_key, session_token):
    mine = session(access_key_id, secret_access_key, session_token)
    return connect("sts", mine).get_caller_identity()["Arn"]


def refused(exception, message, call, **arguments):
    """Holds that a call fails with an exception of the client's own and a message."""
    try:
        answer = call(**arguments)
    except exception as e:
        said = e.response["Error"]["Message"]
        assert said.startswith(message), f"{said!r}, not {message!r}"
        assert e.response["ResponseMetadata"]["RequestId"]
    else:
        raise AssertionError(f"{answer} instead of {exception.__name__}: {message}")
