"""A team's own people: a user with a key, a role for deployments, policies."""

import json

from botocore.exceptions import ClientError

from daypass import connect, given, iam, session, sts

account = given["account"]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions, resources="*", **more):
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def refused(code, words, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] == code, e
        assert words in e.response["Error"]["Message"], e
        return
    raise AssertionError(f"{call} is not refused")


# A user who may look at pools, and assume the role for deployments.
user = iam.create_user(UserName="anna", Path="/people/", Tags=[{"Key": "team", "Value": "blue"}])["User"]
assert user["Arn"] == f"arn:aws:iam::{account}:user/people/anna", user
key = iam.create_access_key(UserName="anna")["AccessKey"]
anna = session(key["AccessKeyId"], key["SecretAccessKey"])
anna_sts, anna_cognito = (connect(s, anna) for s in ("sts", "cognito-identity"))
assert anna_sts.get_caller_identity()["Arn"] == user["Arn"]
refused("AccessDeniedException", "because no identity-based policy allows the cognito-identity:ListIdentityPools action",
        anna_cognito.list_identity_pools, MaxResults=1)

policy = iam.create_policy(PolicyName="look", PolicyDocument=document(allow("cognito-identity:List*")))["Policy"]
assert policy["DefaultVersionId"] == "v1" and policy["AttachmentCount"] == 0, policy
iam.attach_user_policy(UserName="anna", PolicyArn=policy["Arn"])
assert anna_cognito.list_identity_pools(MaxResults=1)["IdentityPools"] == []
assert iam.get_policy(PolicyArn=policy["Arn"])["Policy"]["AttachmentCount"] == 1
assert [e["UserName"] for e in iam.list_entities_for_policy(PolicyArn=policy["Arn"])["PolicyUsers"]] == ["anna"]

# A new version counts from the moment that it is the default.
iam.create_policy_version(PolicyArn=policy["Arn"], PolicyDocument=document(
    allow("cognito-identity:List*", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}})), SetAsDefault=True)
refused("AccessDeniedException", "because no identity-based policy allows", anna_cognito.list_identity_pools, MaxResults=1)
iam.set_default_policy_version(PolicyArn=policy["Arn"], VersionId="v1")
anna_cognito.list_identity_pools(MaxResults=1)

# A boundary limits whatever else is allowed.
fence = iam.create_policy(PolicyName="fence", PolicyDocument=document(allow("sts:*")))["Policy"]["Arn"]
guarded = iam.create_user(UserName="berta", PermissionsBoundary=fence)["User"]
assert guarded["PermissionsBoundary"]["PermissionsBoundaryArn"] == fence, guarded
iam.attach_user_policy(UserName="berta", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
key2 = iam.create_access_key(UserName="berta")["AccessKey"]
berta = session(key2["AccessKeyId"], key2["SecretAccessKey"])
refused("AccessDeniedException", "because no permissions boundary allows the cognito-identity:ListIdentityPools action",
        connect("cognito-identity", berta).list_identity_pools, MaxResults=1)

# The role: anna may assume it, with a session that may do less than the role.
role = iam.create_role(RoleName="deploy", MaxSessionDuration=7200, AssumeRolePolicyDocument=json.dumps({
    "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": user["Arn"]}, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
}))["Role"]
iam.attach_role_policy(RoleName="deploy", PolicyArn="arn:aws:iam::aws:policy/AmazonCognitoPowerUser")
refused("AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: " + role["Arn"],
        connect("sts", berta).assume_role, RoleArn=role["Arn"], RoleSessionName="berta")
made = anna_sts.assume_role(RoleArn=role["Arn"], RoleSessionName="release", DurationSeconds=7200,
                            Policy=document(allow(["cognito-identity:List*", "iam:*"])), Tags=[{"Key": "ticket", "Value": "7"}])
assert made["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/deploy/release", made
given_role = made["Credentials"]
release = session(given_role["AccessKeyId"], given_role["SecretAccessKey"], given_role["SessionToken"])
release_cognito = connect("cognito-identity", release)
assert release_cognito.list_identity_pools(MaxResults=1)["IdentityPools"] == []
refused("AccessDeniedException", "because no session policy allows the cognito-identity:CreateIdentityPool action",
        release_cognito.create_identity_pool, IdentityPoolName="p", AllowUnauthenticatedIdentities=False)

# Simulating agrees.
for actions, want in ((["cognito-identity:ListIdentityPools"], "allowed"), (["iam:CreateUser"], "implicitDeny")):
    results = iam.simulate_principal_policy(PolicySourceArn=user["Arn"], ActionNames=actions)["EvaluationResults"]
    assert [r["EvalDecision"] for r in results] == [want], results
custom = iam.simulate_custom_policy(PolicyInputList=[document(allow("s3:*", "arn:aws:s3:::box/*"))],
                                    ActionNames=["s3:GetObject"], ResourceArns=["arn:aws:s3:::box/a", "arn:aws:s3:::bag/a"])
assert [r["EvalDecision"] for r in custom["EvaluationResults"]] == ["allowed", "implicitDeny"], custom
keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[document(allow("s3:*", "arn:aws:s3:::box/${aws:username}"))])
assert keys["ContextKeyNames"] == ["aws:username"], keys

# Sessions of a user, and what they may not do.
mine = anna_sts.get_session_token()["Credentials"]
again = session(mine["AccessKeyId"], mine["SecretAccessKey"], mine["SessionToken"])
assert connect("sts", again).get_caller_identity()["Arn"] == user["Arn"]
refused("AccessDenied", "Cannot call GetSessionToken with session credentials", connect("sts", release).get_session_token)
assert sts.get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == account

# An inactive key is nobody's.
iam.update_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"], Status="Inactive")
refused("InvalidClientTokenId", "The security token included in the request is invalid.", anna_sts.get_caller_identity)
assert [k["Status"] for k in iam.list_access_keys(UserName="anna")["AccessKeyMetadata"]] == ["Inactive"]

# Nothing goes while something hangs on it.
refused("DeleteConflict", "must delete access keys first", iam.delete_user, UserName="berta")
refused("DeleteConflict", "Cannot delete a policy attached to entities.", iam.delete_policy, PolicyArn=policy["Arn"])
iam.detach_user_policy(UserName="anna", PolicyArn=policy["Arn"])
iam.delete_access_key(UserName="anna", AccessKeyId=key["AccessKeyId"])
iam.delete_user(UserName="anna")
iam.delete_policy_version(PolicyArn=policy["Arn"], VersionId="v2")
iam.delete_policy(PolicyArn=policy["Arn"])
names = [u["UserName"] for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1}) for u in page["Users"]]
assert names == ["berta"], names
