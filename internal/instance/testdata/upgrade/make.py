"""make.py makes the data directory of TestUpgrade, by a daypass of commit 6e4b4f0:

    git worktree add ../old 6e4b4f0 && (cd ../old && go build ./cmd/daypass)
    python3 make.py ../old/daypass

It needs boto3 and cryptography. What the old server answered is in told.json. The
keys in here are test keys: they open this directory and nothing else.
"""
import base64, gzip, json, os, re, shutil, subprocess, sys, tempfile, time
import boto3
from botocore import UNSIGNED
from botocore.config import Config
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp()
data = os.path.join(work, "data")

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def b64(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


n = key.public_key().public_numbers()
jwks = {"keys": [{"kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": b64(n.n.to_bytes(256, "big"))}]}
with open(os.path.join(here, "provider.jwks.json"), "w") as f:
    json.dump(jwks, f, indent=1)
with open(os.path.join(here, "provider.pem"), "wb") as f:
    f.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def token(iss, sub, **more):
    now = int(time.time())
    head = b64(json.dumps({"alg": "RS256", "kid": "1", "typ": "JWT"}).encode())
    claims = {"iss": iss, "aud": "app", "sub": sub, "iat": now, "exp": now + 3600, "email": sub + "@example.com", **more}
    body = head + "." + b64(json.dumps(claims).encode())
    return body + "." + b64(key.sign(body.encode(), padding.PKCS1v15(), hashes.SHA256()))


SLASH, PLAIN = "https://acme.eu.auth0.com/", "https://login.example.com"
server = subprocess.Popen(
    [sys.argv[1], "serve", "--dev", "--listen", "127.0.0.1:0", "--data-dir", data, "--account-id", "123456789012", "--issuer", "https://issuer.test",
     "--oidc-jwks-file", f"{SLASH}={here}/provider.jwks.json", "--oidc-jwks-file", f"{PLAIN}={here}/provider.jwks.json"],
    stdout=subprocess.PIPE, stderr=open(os.path.join(work, "log"), "w"), text=True)
for line in server.stdout:
    if m := re.search(r"endpoint\s+(http\S+)", line):
        endpoint = m[1]
        break


def client(name, **kw):
    kw = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **kw}
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1", **kw)


iam, sts, cognito = client("iam"), client("sts"), client("cognito-identity")
public = boto3.client("cognito-identity", endpoint_url=endpoint, region_name="us-east-1", config=Config(signature_version=UNSIGNED))
told = {"issuer": "https://issuer.test", "slash": SLASH, "plain": PLAIN}


def keep(name, value):
    told[name] = value
    return value


def credentials(name, c):
    told.setdefault("credentials", {})[name] = {
        "AccessKeyId": c["AccessKeyId"], "SecretAccessKey": c.get("SecretAccessKey") or c.get("SecretKey"), "SessionToken": c.get("SessionToken", ""),
        "Arn": client("sts", aws_access_key_id=c["AccessKeyId"], aws_secret_access_key=c.get("SecretAccessKey") or c.get("SecretKey"),
                      aws_session_token=c.get("SessionToken")).get_caller_identity()["Arn"]}
    return c


slash = keep("slashProvider", iam.create_open_id_connect_provider(Url=SLASH, ClientIDList=["app"], ThumbprintList=["a" * 40])["OpenIDConnectProviderArn"])
plain = keep("plainProvider", iam.create_open_id_connect_provider(Url=PLAIN, ClientIDList=["app"], ThumbprintList=["a" * 40])["OpenIDConnectProviderArn"])


def names(arn):
    return arn.split(":oidc-provider/")[1]


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# Roles that the two providers give directly, written as the old server wanted them.
for name, arn in (("slash", slash), ("plain", plain)):
    role = iam.create_role(RoleName="web-" + name, Path="/app/", AssumeRolePolicyDocument=policy(
        Effect="Allow", Principal={"Federated": arn}, Action="sts:AssumeRoleWithWebIdentity", Condition={"StringEquals": {names(arn) + ":aud": "app"}}))
    keep("web-" + name, role["Role"]["Arn"])
    credentials("web-" + name, sts.assume_role_with_web_identity(RoleArn=role["Role"]["Arn"], RoleSessionName="alice", WebIdentityToken=token(SLASH if name == "slash" else PLAIN, "alice"))["Credentials"])

# A pool with both, guests, a developer provider, rules and tags.
pool = keep("pool", cognito.create_identity_pool(
    IdentityPoolName="people", AllowUnauthenticatedIdentities=True, AllowClassicFlow=True, DeveloperProviderName="login.app",
    OpenIdConnectProviderARNs=[slash, plain], SupportedLoginProviders={"accounts.google.com": "google-app"}, IdentityPoolTags={"team": "red"})["IdentityPoolId"])


def trust(amr):
    return policy(Effect="Allow", Principal={"Federated": "cognito-identity.amazonaws.com"}, Action=["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                  Condition={"StringEquals": {"cognito-identity.amazonaws.com:aud": pool}, "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": amr}})


roles = {}
for name, amr in (("guest", "unauthenticated"), ("user", "authenticated"), ("admin", "authenticated")):
    roles[name] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(amr))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(
        Effect="Allow", Action="s3:GetObject", Resource="arn:aws:s3:::photos/${cognito-identity.amazonaws.com:sub}/*"))
keep("roles", roles)
cognito.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": roles["user"], "unauthenticated": roles["guest"]}, RoleMappings={
    plain: {"Type": "Rules", "AmbiguousRoleResolution": "AuthenticatedRole",
                   "RulesConfiguration": {"Rules": [{"Claim": "group", "MatchType": "Equals", "Value": "admins", "RoleARN": roles["admin"]}]}}})
cognito.set_principal_tag_attribute_map(IdentityPoolId=pool, IdentityProviderName=plain, UseDefaults=False, PrincipalTags={"mail": "email"})

people = told["people"] = {}
for name, iss, arn in (("alice", SLASH, slash), ("bob", SLASH, slash), ("carol", PLAIN, plain), ("dave", PLAIN, plain)):
    group = {"group": "admins"} if name == "dave" else {}
    logins = {names(arn): token(iss, name, **group)}
    identity = public.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
    got = public.get_credentials_for_identity(IdentityId=identity, Logins=logins)
    c = credentials(name, got["Credentials"])
    people[name] = {"issuer": iss, "key": names(arn), "identity": identity, "claims": group, "arn": told["credentials"][name]["Arn"]}

# Guests; one who signed in later, one who was merged, one who is gone.
guests = [public.get_id(IdentityPoolId=pool)["IdentityId"] for _ in range(5)]
credentials("guest", public.get_credentials_for_identity(IdentityId=guests[0])["Credentials"])
keep("guest", guests[0])
upgraded = keep("upgraded", guests[1])
public.get_credentials_for_identity(IdentityId=upgraded, Logins={names(plain): token(PLAIN, "erin")})
merged = keep("merged", guests[2])
credentials("merged", public.get_credentials_for_identity(IdentityId=merged)["Credentials"])
keep("survivor", public.get_id(IdentityPoolId=pool, Logins={names(plain): token(PLAIN, "frank")})["IdentityId"])
public.get_credentials_for_identity(IdentityId=merged, Logins={names(plain): token(PLAIN, "frank")})
deleted = keep("deleted", guests[3])
credentials("deleted", public.get_credentials_for_identity(IdentityId=deleted)["Credentials"])
cognito.delete_identities(IdentityIdsToDelete=[deleted])
gina = cognito.get_open_id_token_for_developer_identity(IdentityPoolId=pool, Logins={"login.app": "gina"}, TokenDuration=86400)
keep("developer", gina["IdentityId"])
keep("openIDToken", gina["Token"])

# A team.
boundary = iam.create_policy(PolicyName="boundary", Path="/team/", PolicyDocument=policy(Effect="Allow", Action=["iam:Get*", "cognito-identity:*", "sts:*"], Resource="*"))["Policy"]["Arn"]
iam.create_user(UserName="op", PermissionsBoundary=boundary)
iam.put_user_policy(UserName="op", PolicyName="pools", PolicyDocument=policy(Effect="Allow", Action=["cognito-identity:*", "iam:ListRoles"], Resource="*"))
k = iam.create_access_key(UserName="op")["AccessKey"]
credentials("op", k)
s = client("sts", aws_access_key_id=k["AccessKeyId"], aws_secret_access_key=k["SecretAccessKey"]).get_session_token(DurationSeconds=129600)["Credentials"]
told["credentials"]["op session"] = {"AccessKeyId": s["AccessKeyId"], "SecretAccessKey": s["SecretAccessKey"], "SessionToken": s["SessionToken"], "Arn": told["credentials"]["op"]["Arn"]}

# Documents that a later daypass reads otherwise or would refuse to store.
iam.create_role(RoleName="odd", AssumeRolePolicyDocument=trust("authenticated"))
odd = {
    "partition": policy(Effect="Allow", Action="s3:*", Resource=["arn:aws-cn:s3:::b", "arn:aws:s3:::ok"]),
    "partition-deny": policy(Effect="Deny", Action="s3:*", Resource="arn:aws-cn:s3:::b"),
    "any-if-exists": policy(Effect="Allow", Action="sqs:*", Resource="*", Condition={"ForAnyValue:StringEqualsIfExists": {"aws:TagKeys": ["team"]}}),
}
for name, document in odd.items():
    iam.put_role_policy(RoleName="odd", PolicyName=name, PolicyDocument=document)
keep("odd", odd)

# A revocation that somebody asked for.
subprocess.run([sys.argv[1], "revoke", "--endpoint", endpoint, "--identity-id", people["bob"]["identity"]], check=True,
               env={**os.environ, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"})

told["at"] = int(time.time())
server.terminate()
server.wait()
for name in sorted(os.listdir(data)):
    print(name, os.path.getsize(os.path.join(data, name)))
shutil.copy(os.path.join(data, "master.key"), os.path.join(here, "masterkey.txt"))
with open(os.path.join(data, "daypass.db"), "rb") as f, gzip.GzipFile(os.path.join(here, "daypass.db.gz"), "wb", mtime=0) as z:
    z.write(f.read())
with open(os.path.join(here, "told.json"), "w") as f:
    json.dump(told, f, indent=1, sort_keys=True)
