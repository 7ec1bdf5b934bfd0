// What AWS's credential providers for JavaScript do when credentials are about
// to end. The server's clock, which the test moves at /ahead, is first so far
// behind that they end in three minutes; the SDK wants five.
import assert from "node:assert/strict";

import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromCognitoIdentity, fromCognitoIdentityPool } from "@aws-sdk/credential-providers";

const given = JSON.parse(process.env.DAYPASS_INTEROP);
const clientConfig = { endpoint: given.endpoint, region: given.region, maxAttempts: 1 };
const alice = { [given.provider]: given.alice };
const minutes = (credentials) => (credentials.expiration - Date.now()) / 60_000;

const providers = {
  guests: fromCognitoIdentityPool({ identityPoolId: given.pool, clientConfig }),
  users: fromCognitoIdentityPool({ identityPoolId: given.pool, logins: alice, clientConfig }),
  guest: fromCognitoIdentity({ identityId: given.guest, clientConfig }),
  user: fromCognitoIdentity({ identityId: given.user, logins: alice, clientConfig }),
};
const clients = Object.entries(providers).map(([name, credentials]) => ({ name, sts: new STSClient({ ...clientConfig, credentials }) }));

// A client keeps what its provider gives, as long as that is good.
for (const client of clients) {
  client.first = await client.sts.config.credentials();
  assert.ok(minutes(client.first) > 2 && minutes(client.first) <= 3, `${client.name}: good for ${minutes(client.first)} min`);
}
assert.equal((await fetch(given.clock + "/ahead", { method: "POST" })).status, 204);
for (const { name, sts, first } of clients) {
  const { Arn } = await sts.send(new GetCallerIdentityCommand({})); // refreshes
  assert.equal(Arn, `arn:aws:sts::${given.account}:assumed-role/${name.startsWith("guest") ? "guests" : "users"}/CognitoIdentityCredentials`);
  const second = await sts.config.credentials();
  assert.ok(minutes(second) > 59, `${name}: refreshed, good for ${minutes(second)} min`);
  assert.notEqual(second.accessKeyId, first.accessKeyId, name);
  assert.equal(second.identityId, first.identityId, name);
  assert.equal((await sts.config.credentials()).accessKeyId, second.accessKeyId, `${name}: refreshed without need`);
}
