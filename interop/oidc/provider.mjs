// An OpenID provider for oidc_test.go: oidc-provider with one public client, its
// own login pages, in which every name and password will do, and ES256 besides
// RS256. It says where it is and ends with its input.
import { createServer } from "node:http";

import Provider from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const client = (id, alg) => ({
    client_id: id,
    application_type: "native",
    token_endpoint_auth_method: "none",
    redirect_uris: ["http://127.0.0.1/callback"],
    response_types: ["code"],
    grant_types: ["authorization_code"],
    id_token_signed_response_alg: alg,
  });
  // What runs on a person's own machine signs in by device code too, and keeps a refresh token.
  const tool = {
    ...client("tool", "RS256"),
    grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  };
  const { privateKeys } = JSON.parse(process.env.DAYPASS_INTEROP);
  const provider = new Provider(issuer, {
    clients: [client("photos-app", "RS256"), client("other-app", "RS256"), client("curve-app", "ES256"), tool],
    features: { deviceFlow: { enabled: true } },
    scopes: ["openid", "offline_access"],
    enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
    jwks: { keys: privateKeys },
    cookies: { keys: ["not a secret in a test"] },
    conformIdTokenClaims: false,
    claims: { openid: ["sub", "department"] },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, department: "blue" }) }),
  });
  server.on("request", provider.callback());
  console.log(JSON.stringify({ issuer }));
});
process.stdin.on("end", () => process.exit(0)).resume();
