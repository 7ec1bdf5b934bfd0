"""An application that signs people in and uses their credentials.

It sends people to the identity provider (OpenID Connect, authorization code with PKCE),
exchanges their ID token for credentials at daypass, as it would at Amazon Cognito, and
calls the services of AWS's SDK with them. Settings are environment variables; see
compose.yaml.
"""

import base64
import hashlib
import html
import json
import os
import secrets
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError

ISSUER, CLIENT, POOL = os.environ["ISSUER"], os.environ["CLIENT_ID"], os.environ["IDENTITY_POOL_ID"]
PUBLIC, LISTEN = os.environ["PUBLIC_URL"], os.environ["LISTEN"]
REDIRECT = PUBLIC + "/callback"


def provider():
    with urllib.request.urlopen(ISSUER + "/.well-known/openid-configuration", timeout=10) as answer:
        return json.load(answer)


def exchange(code, verifier):
    """The ID token for an authorization code."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "client_id": CLIENT, "code_verifier": verifier}
    with urllib.request.urlopen(provider()["token_endpoint"], urllib.parse.urlencode(form).encode(), timeout=10) as answer:
        return json.load(answer)["id_token"]


def use(token):
    """What the credentials of a token are good for, line by line."""
    logins = {ISSUER.removeprefix("http://").removeprefix("https://"): token}
    cognito = boto3.client("cognito-identity", config=Config(signature_version=UNSIGNED))
    identity = cognito.get_id(IdentityPoolId=POOL, Logins=logins)["IdentityId"]
    yield "identity: " + identity
    given = cognito.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"]
    yield "credentials: %s, good until %s" % (given["AccessKeyId"], given["Expiration"])
    session = boto3.Session(given["AccessKeyId"], given["SecretKey"], given["SessionToken"])
    yield "caller: " + session.client("sts").get_caller_identity()["Arn"]
    iam = session.client("iam")
    yield "allowed: iam:GetRole gives " + iam.get_role(RoleName="photos-authenticated")["Role"]["Arn"]
    try:
        iam.list_users()
    except ClientError as e:
        yield "refused: " + e.response["Error"]["Message"]


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        cookie = dict(p.strip().split("=", 1) for p in self.headers.get("Cookie", "").split(";") if "=" in p)
        if url.path == "/":
            self.page('<a href="/login">Sign in</a>')
        elif url.path == "/login":
            # The verifier stays with the browser that began: no other one can finish.
            verifier = secrets.token_urlsafe(48)
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            ask = {"response_type": "code", "client_id": CLIENT, "redirect_uri": REDIRECT, "scope": "openid",
                   "state": challenge, "code_challenge": challenge, "code_challenge_method": "S256"}
            self.send_response(302)
            self.send_header("Set-Cookie", "verifier=%s; Path=/callback; HttpOnly; SameSite=Lax; Max-Age=600" % verifier)
            self.send_header("Location", provider()["authorization_endpoint"] + "?" + urllib.parse.urlencode(ask))
            self.end_headers()
        elif url.path == "/callback":
            verifier = cookie.get("verifier", "")
            challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
            if not verifier or not secrets.compare_digest(challenge, query.get("state", "")) or "code" not in query:
                return self.page("This sign-in was not begun here.", 400)
            lines = use(exchange(query["code"], verifier))
            self.page("<ul>%s</ul>" % "".join("<li>%s</li>" % html.escape(line) for line in lines))
        else:
            self.page("There is no such page.", 404)

    def page(self, body, status=200):
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(("<!doctype html><title>Photos</title><h1>Photos</h1>" + body).encode())


host, port = LISTEN.rsplit(":", 1)
print("listening on " + LISTEN, flush=True)
ThreadingHTTPServer((host, int(port)), App).serve_forever()
