// What an app in a browser does with AWS Amplify and daypass. amplify_test.go
// serves this from another origin, with the endpoint, the pool and the token of
// somebody who has signed in, and looks at what it reports.
import { Amplify } from "aws-amplify";
import { decodeJWT, fetchAuthSession } from "aws-amplify/auth";
import { CognitoAWSCredentialsAndIdentityIdProvider, DefaultIdentityIdStore } from "aws-amplify/auth/cognito";
import { defaultStorage } from "aws-amplify/utils";

const config = {
  Auth: { Cognito: { identityPoolId: given.pool, identityPoolEndpoint: given.endpoint, allowGuestAccess: true } },
};

/** session tells what Amplify's session has. */
async function session(options) {
  const { identityId, credentials, tokens } = await fetchAuthSession(options);
  return { identityId, ...credentials, expiration: credentials.expiration.toISOString(), signedIn: Boolean(tokens) };
}

/** signedInWith are Amplify's options for a token of a provider of one's own. */
function signedInWith(token) {
  const identities = new DefaultIdentityIdStore(defaultStorage);
  identities.setAuthConfig(config.Auth);
  const jwt = decodeJWT(token);
  return {
    Auth: {
      tokenProvider: { getTokens: async () => ({ accessToken: jwt, idToken: { ...jwt, toString: () => token } }) },
      credentialsProvider: new CognitoAWSCredentialsAndIdentityIdProvider(identities),
    },
  };
}

/** named is the name of an error. */
async function named(attempt) {
  try {
    await attempt();
    return "none";
  } catch (error) {
    return error.name;
  }
}

async function story() {
  const did = { origin: location.origin };
  Amplify.configure(config);
  did.guest = await session();
  did.kept = await session();
  did.refreshed = await session({ forceRefresh: true });
  Amplify.configure(config, signedInWith(given.token));
  did.user = await session();
  Amplify.configure(config, signedInWith(given.forged));
  did.forged = await named(() => fetchAuthSession());
  // The developer's operations are for pages of this machine too, with --dev.
  did.signed = await named(() =>
    fetch(given.endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "AWSCognitoIdentityService.ListIdentityPools" },
      body: `{"MaxResults":1}`,
    }),
  );
  return did;
}

story()
  .catch((error) => ({ error: `${error.name}: ${error.message}\n${error.stack}` }))
  .then((did) => fetch("/did", { method: "POST", body: JSON.stringify(did) }));
