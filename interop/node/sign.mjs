// What an app in a browser does with a service of one's own behind daypass: it gets
// credentials from an identity pool and signs its requests. services_test.go bundles
// this, serves it from another origin than the service's, and looks at what it
// reports.
import { fromCognitoIdentityPool } from "@aws-sdk/credential-provider-cognito-identity";
import { SignatureV4 } from "@smithy/signature-v4";

/** Sha256 is the hash that the signer wants, by the browser. */
class Sha256 {
  #parts = [];
  #secret;
  constructor(secret) {
    this.#secret = secret && bytes(secret);
  }
  update(data) {
    this.#parts.push(bytes(data));
  }
  async digest() {
    const data = new Uint8Array(await new Blob(this.#parts).arrayBuffer());
    if (!this.#secret) return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    const key = await crypto.subtle.importKey("raw", this.#secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
  }
  reset() {
    this.#parts = [];
  }
}

function bytes(data) {
  if (typeof data === "string") return new TextEncoder().encode(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}

/** signing gives a fetch that signs, as a user of a pool or, without logins, as a guest. */
function signing({ endpoint, pool, logins }) {
  const credentials = fromCognitoIdentityPool({ identityPoolId: pool, logins, clientConfig: { endpoint, region: "us-east-1" } });
  const signer = new SignatureV4({ service: "execute-api", region: "us-east-1", credentials, sha256: Sha256 });
  return async (method, address, { headers = {}, body } = {}) => {
    const url = new URL(address);
    const { host, ...signed } = (
      await signer.sign({
        method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname, // as it is sent, encoded once
        query: Object.fromEntries(url.searchParams),
        headers: { ...headers, host: url.host },
        body,
      })
    ).headers;
    return fetch(address, { method, headers: signed, body }); // the browser sets Host
  };
}

const did = {};
try {
  const user = signing({ endpoint: given.endpoint, pool: given.pool, logins: { [given.provider]: given.token } });
  const guest = signing({ endpoint: given.endpoint, pool: given.pool });
  const own = `${given.service}/users/${given.identity}`;
  const answer = async (request) => {
    const r = await request;
    return { status: r.status, ...(r.ok ? await r.json() : {}) };
  };
  did.put = await answer(user("PUT", `${own}/a%20cat.jpg?v=1&name=caf%C3%A9+x`, { headers: { "content-type": "image/jpeg" }, body: "cat" }));
  did.get = await answer(user("GET", `${own}/a%20cat.jpg`));
  did.public = await answer(guest("GET", `${given.service}/public/x`));
  did.other = await answer(guest("GET", `${own}/a%20cat.jpg`)).catch((error) => ({ error: error.name }));
  did.token = await answer(fetch(`${own}/x`, { method: "POST", headers: { authorization: `Bearer ${given.openid}` }, body: "dog" }));
} catch (error) {
  did.error = `${error.name}: ${error.message}`;
}
await fetch("/did", { method: "POST", body: JSON.stringify(did) });
