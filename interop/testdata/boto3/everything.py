"""Every operation of the service, once at least."""

from daypass import app_cognito, caller, cognito, given, logins, new_pool, new_role, session_arn, trust

DEVELOPER = "login.photos"
FACEBOOK = {"graph.facebook.com": "7346241598935552"}
called = set()
for client in cognito, app_cognito:
    client.meta.events.register("after-call", lambda model, **_: called.add(model.name))

# Pools.
pool = new_pool(DeveloperProviderName=DEVELOPER)
updated = cognito.update_identity_pool(
    IdentityPoolId=pool, IdentityPoolName="films", AllowUnauthenticatedIdentities=True,
    OpenIdConnectProviderARNs=[trust()], SupportedLoginProviders=FACEBOOK,
)
described = cognito.describe_identity_pool(IdentityPoolId=pool)
for answer in updated, described:
    del answer["ResponseMetadata"]
assert updated == described == {
    "IdentityPoolId": pool, "IdentityPoolName": "films", "AllowUnauthenticatedIdentities": True,
    "DeveloperProviderName": DEVELOPER, "OpenIdConnectProviderARNs": [trust()],
    "SupportedLoginProviders": FACEBOOK, "IdentityPoolTags": {},
}, (updated, described)
assert cognito.list_identity_pools(MaxResults=60)["IdentityPools"] == [
    {"IdentityPoolId": pool, "IdentityPoolName": "films"}
]

# Their roles, principal tags and tags.
roles = {"authenticated": new_role("users", pool, "authenticated")}
cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles=roles)
assert cognito.get_identity_pool_roles(IdentityPoolId=pool)["Roles"] == roles
principal = {"IdentityPoolId": pool, "IdentityProviderName": "graph.facebook.com"}
claims = {"department": "unit"}
set_to = cognito.set_principal_tag_attribute_map(UseDefaults=False, PrincipalTags=claims, **principal)
got = cognito.get_principal_tag_attribute_map(**principal)
for answer in set_to, got:
    del answer["ResponseMetadata"]
assert set_to == got == {"UseDefaults": False, "PrincipalTags": claims, **principal}, (set_to, got)
arn = f"arn:aws:cognito-identity:{given['region']}:{given['account']}:identitypool/{pool}"
cognito.tag_resource(ResourceArn=arn, Tags={"stage": "test", "owner": "me"})
cognito.untag_resource(ResourceArn=arn, TagKeys=["owner"])
assert cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"stage": "test"}

# A user who signs in at a provider.
alice = logins(given["alice"])
user = app_cognito.get_id(IdentityPoolId=pool, Logins=alice)["IdentityId"]
assert app_cognito.get_open_id_token(IdentityId=user, Logins=alice)["IdentityId"] == user
mine = app_cognito.get_credentials_for_identity(IdentityId=user, Logins=alice)["Credentials"]
assert caller(mine["AccessKeyId"], mine["SecretKey"], mine["SessionToken"]) == session_arn("users")
assert cognito.describe_identity(IdentityId=user)["Logins"] == [given["provider"]]
app_cognito.unlink_identity(IdentityId=user, Logins=alice, LoginsToRemove=[given["provider"]])

# Users who sign in at the developer's own back end.
ann, ben = (
    cognito.get_open_id_token_for_developer_identity(
        IdentityPoolId=pool, Logins={DEVELOPER: name}, TokenDuration=60, PrincipalTags={"department": "press"}
    )
    for name in ("ann", "ben")
)
merged = cognito.merge_developer_identities(
    IdentityPoolId=pool, DeveloperProviderName=DEVELOPER, SourceUserIdentifier="ann", DestinationUserIdentifier="ben"
)
assert merged["IdentityId"] == ben["IdentityId"] != ann["IdentityId"]
cognito.unlink_developer_identity(
    IdentityPoolId=pool, IdentityId=ben["IdentityId"], DeveloperProviderName=DEVELOPER, DeveloperUserIdentifier="ann"
)
found = cognito.lookup_developer_identity(IdentityPoolId=pool, DeveloperUserIdentifier="ben")
assert found["IdentityId"] == ben["IdentityId"] and found["DeveloperUserIdentifierList"] == ["ben"], found

active = cognito.list_identities(IdentityPoolId=pool, MaxResults=60, HideDisabled=True)["Identities"]
assert ann["IdentityId"] not in {i["IdentityId"] for i in active}, active
assert cognito.delete_identities(IdentityIdsToDelete=[ben["IdentityId"]])["UnprocessedIdentityIds"] == []
cognito.delete_identity_pool(IdentityPoolId=pool)

missing = set(cognito.meta.service_model.operation_names) - called
assert not missing, f"not called: {missing}"
