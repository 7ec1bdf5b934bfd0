"""From an empty account to scoped credentials, in both flows."""

import datetime
import json
import urllib.error
import urllib.request

from daypass import (
    app_cognito, app_sts, caller, cognito, given, iam, logins, new_pool, new_role, root, session_arn, sts,
)

pool = new_pool()
roles = {
    "authenticated": new_role("users", pool, "authenticated"),
    "unauthenticated": new_role("guests", pool, "unauthenticated"),
}
cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles=roles)
assert cognito.get_identity_pool_roles(IdentityPoolId=pool)["Roles"] == roles

# The enhanced flow, signed in and as a guest.
alice = logins(given["alice"])
user = app_cognito.get_id(IdentityPoolId=pool, Logins=alice)["IdentityId"]
guest = app_cognito.get_id(IdentityPoolId=pool)["IdentityId"]
assert user == app_cognito.get_id(IdentityPoolId=pool, Logins=alice)["IdentityId"]
assert guest != user

for identity, shown, role in (user, alice, "users"), (guest, {}, "guests"):
    got = app_cognito.get_credentials_for_identity(IdentityId=identity, Logins=shown)
    assert got["IdentityId"] == identity
    mine = got["Credentials"]
    left = mine["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=59) < left <= datetime.timedelta(hours=1), left
    assert caller(mine["AccessKeyId"], mine["SecretKey"], mine["SessionToken"]) == session_arn(role)

described = cognito.describe_identity(IdentityId=user)
assert described["Logins"] == [given["provider"]], described
assert described["CreationDate"] == described["LastModifiedDate"], described
assert "Logins" not in cognito.describe_identity(IdentityId=guest)

# The basic flow.
token = app_cognito.get_open_id_token(IdentityId=user, Logins=alice)["Token"]
assumed = app_sts.assume_role_with_web_identity(
    RoleArn=roles["authenticated"], RoleSessionName="my-app", WebIdentityToken=token, DurationSeconds=900
)
mine = assumed["Credentials"]
assert assumed["SubjectFromWebIdentityToken"] == user
assert assumed["Audience"] == pool
assert caller(mine["AccessKeyId"], mine["SecretAccessKey"], mine["SessionToken"]) == session_arn("users", "my-app")

# A presigned URL of GetCallerIdentity proves to a third party who one is.
url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET", ExpiresIn=60)
with urllib.request.urlopen(url, timeout=10) as answer:
    text = answer.read().decode()
    assert f"<Arn>arn:aws:iam::{given['account']}:root</Arn>" in text, text
for tampered in url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"), url + "0":
    assert tampered != url
    try:
        urllib.request.urlopen(tampered, timeout=10)
    except urllib.error.HTTPError as e:
        assert e.code == 403 and "<Code>SignatureDoesNotMatch</Code>" in e.read().decode()
    else:
        raise AssertionError("a tampered URL is accepted")

# Policies come back as they were.
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
iam_roles = root.resource("iam", endpoint_url=given["endpoint"])
iam_roles.RolePolicy("users", "read").put(PolicyDocument=json.dumps(policy))
assert iam.get_role_policy(RoleName="users", PolicyName="read")["PolicyDocument"] == policy
