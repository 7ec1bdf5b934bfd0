"""A user pool of moto with a user in it. Prints what the test needs, a line of
JSON; then does what it reads, a line each: "disable" or "delete" the user."""

import json
import os
import sys

import boto3
from moto.server import ThreadedMotoServer

server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
idp = boto3.client(
    "cognito-idp", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
    aws_access_key_id="test", aws_secret_access_key="test",
)
pool = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
client = idp.create_user_pool_client(
    UserPoolId=pool, ClientName="app",
    ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
)["UserPoolClient"]["ClientId"]
password = "Wonderland-1"
idp.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")
idp.admin_set_user_password(UserPoolId=pool, Username="alice", Password=password, Permanent=True)
tokens = idp.admin_initiate_auth(
    UserPoolId=pool, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
    AuthParameters={"USERNAME": "alice", "PASSWORD": password},
)["AuthenticationResult"]
print(json.dumps({
    "Port": port, "Pool": pool, "Client": client,
    "ID": tokens["IdToken"], "Access": tokens["AccessToken"],
}), flush=True)
for line in sys.stdin:
    {"disable": idp.admin_disable_user, "delete": idp.admin_delete_user}[line.strip()](UserPoolId=pool, Username="alice")
    print("done", flush=True)
server.stop()
