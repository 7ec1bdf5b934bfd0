"""Every operation of STS, and what it gives used. The caller is a user."""

from daypass import app_sts, caller, given, refused, session, session_arn, sts
from daypass import connect


def arn(role):
    return f"arn:aws:iam::{given['account']}:role/{role}"


def open_session(credentials):
    return session(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


def who(credentials):
    return caller(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"])


user = f"arn:aws:iam::{given['account']}:user/worker"
assert sts.get_caller_identity()["Arn"] == user

# A chain of roles.
first = sts.assume_role(
    RoleArn=arn("first"), RoleSessionName="w1", DurationSeconds=900, SourceIdentity="anna",
    Tags=[{"Key": "team", "Value": "red"}], TransitiveTagKeys=["team"],
    PolicyArns=[{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}],
)
assert first["AssumedRoleUser"]["Arn"] == session_arn("first", "w1") == who(first["Credentials"]), first
assert first["SourceIdentity"] == "anna" and first["PackedPolicySize"] > 0, first
chained = connect("sts", open_session(first["Credentials"]))
second = chained.assume_role(RoleArn=arn("second"), RoleSessionName="w2")
assert who(second["Credentials"]) == session_arn("second", "w2")
assert second["SourceIdentity"] == "anna", second
refused(
    chained.exceptions.ClientError, "One of the specified transitive tag keys can't be set", chained.assume_role,
    RoleArn=arn("second"), RoleSessionName="w2", Tags=[{"Key": "Team", "Value": "blue"}],
)
refused(
    chained.exceptions.ClientError, "The requested DurationSeconds exceeds the 1 hour session limit", chained.assume_role,
    RoleArn=arn("second"), RoleSessionName="w2", DurationSeconds=3601,
)
refused(
    sts.exceptions.MalformedPolicyDocumentException, "Syntax errors in policy.", sts.assume_role,
    RoleArn=arn("first"), RoleSessionName="w1", Policy="{}",
)
refused(
    sts.exceptions.PackedPolicyTooLargeException, "Packed policy consumes 147% of allotted space", sts.assume_role,
    RoleArn=arn("first"), RoleSessionName="w1", Policy=" " * 3000,
)

# A session of the user's own.
own = sts.get_session_token(DurationSeconds=900)["Credentials"]
assert who(own) == user
refused(
    sts.exceptions.ClientError, "Cannot call GetSessionToken with session credentials",
    connect("sts", open_session(own)).get_session_token,
)
assert sts.get_access_key_info(AccessKeyId=own["AccessKeyId"])["Account"] == given["account"]

# SAML.
staff = {"RoleArn": arn("staff"), "PrincipalArn": f"arn:aws:iam::{given['account']}:saml-provider/staff"}
got = app_sts.assume_role_with_saml(SAMLAssertion=given["saml"], **staff)
assert who(got["Credentials"]) == session_arn("staff", "anna"), got
assert (got["Subject"], got["SubjectType"]) == ("anna", "persistent"), got
refused(
    app_sts.exceptions.InvalidIdentityTokenException, "Invalid base64 SAMLResponse", app_sts.assume_role_with_saml,
    SAMLAssertion="****", **staff,
)
