"""Every exception is caught by the class that boto3 makes for it."""

from botocore.exceptions import ClientError

from daypass import (
    app_cognito, app_sts, cognito, connect, given, iam, logins, new_pool, new_provider, new_role, refused, session, trust,
)

NOBODYS = given["region"] + ":00000000-0000-4000-8000-000000000000"
public = app_cognito.exceptions
pool, closed = new_pool(), new_pool(guests=False, AllowClassicFlow=False)
alice, bob = logins(given["alice"]), logins(given["bob"])
user = app_cognito.get_id(IdentityPoolId=pool, Logins=alice)["IdentityId"]
guest = app_cognito.get_id(IdentityPoolId=pool)["IdentityId"]

refused(public.NotAuthorizedException, "Invalid login token. Couldn't verify signed token.",
        app_cognito.get_id, IdentityPoolId=pool, Logins=logins(given["forged"]))
refused(public.NotAuthorizedException, "Invalid login token. Token expired: ",
        app_cognito.get_id, IdentityPoolId=pool, Logins=logins(given["expired"]))
refused(public.NotAuthorizedException, "Unauthenticated access is not supported for this identity pool.",
        app_cognito.get_id, IdentityPoolId=closed)
refused(public.NotAuthorizedException, "Logins don't match. Please include at least one valid login",
        app_cognito.get_credentials_for_identity, IdentityId=user, Logins=bob)
refused(public.NotAuthorizedException, f"Access to Identity '{user}' is forbidden.",
        app_cognito.get_open_id_token, IdentityId=user)
refused(public.ResourceNotFoundException, f"IdentityPool '{NOBODYS}' not found.",
        app_cognito.get_id, IdentityPoolId=NOBODYS)
refused(public.ResourceNotFoundException, f"Identity '{NOBODYS}' not found.",
        app_cognito.get_credentials_for_identity, IdentityId=NOBODYS)
refused(public.InvalidIdentityPoolConfigurationException, "Invalid identity pool configuration.",
        app_cognito.get_credentials_for_identity, IdentityId=guest)

# Alice at our provider and Bob at the club are two people.
cognito.update_identity_pool(
    IdentityPoolId=pool, IdentityPoolName="photos", AllowUnauthenticatedIdentities=True,
    OpenIdConnectProviderARNs=[trust(), new_provider(given["club_issuer"])],
)
at_club = {given["club"]: given["club_bob"]}
app_cognito.get_id(IdentityPoolId=pool, Logins={**bob, **at_club})
refused(public.ResourceConflictException, "Login is already linked to another account.",
        app_cognito.get_id, IdentityPoolId=pool, Logins={**alice, **at_club})

# The developer's operations.
own = cognito.exceptions
refused(own.ResourceNotFoundException, f"IdentityPool '{NOBODYS}' not found.",
        cognito.describe_identity_pool, IdentityPoolId=NOBODYS)
refused(own.InvalidParameterException, "Please provide a valid public provider",
        cognito.create_identity_pool, IdentityPoolName="photos", AllowUnauthenticatedIdentities=True,
        SupportedLoginProviders={"login.example.com": "1"})
nobody = f"arn:aws:iam::{given['account']}:role/nobody"
refused(own.NotAuthorizedException, f"Access to Role '{nobody}' is forbidden.",
        cognito.set_identity_pool_roles, IdentityPoolId=pool, Roles={"authenticated": nobody})
refused(public.InvalidParameterException, "Basic (classic) flow is not enabled, please use enhanced flow.",
        app_cognito.get_open_id_token,
        IdentityId=app_cognito.get_id(IdentityPoolId=closed, Logins=alice)["IdentityId"], Logins=alice)

# STS and IAM.
role = new_role("users", pool, "authenticated")
theirs = app_cognito.get_open_id_token(IdentityId=guest)["Token"]
refused(app_sts.exceptions.InvalidIdentityTokenException, "The ID Token provided is not a valid JWT.",
        app_sts.assume_role_with_web_identity,
        RoleArn=role, RoleSessionName="my-app", WebIdentityToken="opensesame")
refused(app_sts.exceptions.ExpiredTokenException, "Token expired: current date/time ",
        app_sts.assume_role_with_web_identity,
        RoleArn=role, RoleSessionName="my-app", WebIdentityToken=given["expired"])
refused(app_sts.exceptions.ClientError, "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        app_sts.assume_role_with_web_identity, RoleArn=role, RoleSessionName="my-app", WebIdentityToken=theirs)
refused(iam.exceptions.NoSuchEntityException, "The role with name nobody cannot be found.",
        iam.get_role, RoleName="nobody")
refused(iam.exceptions.EntityAlreadyExistsException, "Role with name users already exists.",
        new_role, name="users", pool=pool, kind="authenticated")

# Not in the API's model, so boto3 has no class for it.
stranger = connect("cognito-identity", session("AKIAIOSFODNN7EXAMPLE", "guess"))
try:
    stranger.list_identity_pools(MaxResults=1)
except ClientError as e:
    assert e.response["Error"]["Code"] == "UnrecognizedClientException", e.response
else:
    raise AssertionError("a stranger may list pools")
