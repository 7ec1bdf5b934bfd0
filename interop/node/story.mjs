// What AWS's credential providers for JavaScript do with daypass. node_test.go
// gives the endpoint, the pool and the tokens.
import assert from "node:assert/strict";

import { CognitoIdentityClient, GetIdCommand, ListIdentityPoolsCommand, NotAuthorizedException } from "@aws-sdk/client-cognito-identity";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromCognitoIdentity, fromCognitoIdentityPool, fromWebToken } from "@aws-sdk/credential-providers";

const given = JSON.parse(process.env.DAYPASS_INTEROP);
// Nothing may need a second try.
const clientConfig = { endpoint: given.endpoint, region: given.region, maxAttempts: 1 };
const app = new CognitoIdentityClient(clientConfig);

/** caller tells whose the credentials are. */
async function caller(credentials) {
  const { Arn } = await new STSClient({ ...clientConfig, credentials }).send(new GetCallerIdentityCommand({}));
  return Arn;
}

const session = (role, name = "CognitoIdentityCredentials") => `arn:aws:sts::${given.account}:assumed-role/${role}/${name}`;
const alice = { [given.provider]: given.alice };
const forged = { [given.provider]: given.forged };
const notAuthorized = (message) => (error) => {
  assert.equal(error.name, "NotAuthorizedException");
  assert.equal(error.message, message);
  return true;
};

// By the pool: GetId, then GetCredentialsForIdentity.
const guest = fromCognitoIdentityPool({ identityPoolId: given.pool, clientConfig });
assert.equal(await caller(guest), session("guests"));
const user = fromCognitoIdentityPool({ identityPoolId: given.pool, logins: alice, clientConfig });
assert.equal(await caller(user), session("users"));
const { identityId, expiration } = await user();
const left = expiration - Date.now();
assert.ok(left > 59 * 60_000 && left <= 60 * 60_000, `good for ${left} ms`);

// By the identity, which is the same each time.
const { IdentityId } = await app.send(new GetIdCommand({ IdentityPoolId: given.pool, Logins: alice }));
assert.equal(identityId, IdentityId);
assert.equal(await caller(fromCognitoIdentity({ identityId: IdentityId, logins: alice, clientConfig })), session("users"));
const { IdentityId: other } = await app.send(new GetIdCommand({ IdentityPoolId: given.pool }));
assert.equal(await caller(fromCognitoIdentity({ identityId: other, clientConfig })), session("guests"));

// A token that is fetched when it is needed.
const late = fromCognitoIdentity({ identityId: IdentityId, logins: { [given.provider]: async () => given.alice }, clientConfig });
assert.equal(await caller(late), session("users"));

// The basic flow, with a token of GetOpenIdToken.
const web = fromWebToken({ roleArn: given.role, roleSessionName: "my-app", webIdentityToken: given.token, clientConfig });
assert.equal(await caller(web), session("users", "my-app"));

// Refusals have the names that apps look for.
const badSignature = "Invalid login token. Couldn't verify signed token.";
await assert.rejects(fromCognitoIdentityPool({ identityPoolId: given.pool, logins: forged, clientConfig })(), notAuthorized(badSignature));
await assert.rejects(fromCognitoIdentity({ identityId: IdentityId, logins: forged, clientConfig })(), notAuthorized(badSignature));
await assert.rejects(fromCognitoIdentity({ identityId: IdentityId, clientConfig })(), notAuthorized(`Access to Identity '${IdentityId}' is forbidden.`));
await assert.rejects(app.send(new GetIdCommand({ IdentityPoolId: given.pool, Logins: forged })), NotAuthorizedException);
await assert.rejects(
  new CognitoIdentityClient({ ...clientConfig, credentials: user }).send(new ListIdentityPoolsCommand({ MaxResults: 1 })),
  { name: "AccessDeniedException", message: new RegExp(`^User: ${session("users")} is not authorized to perform: cognito-identity:ListIdentityPools on resource: `) },
);
