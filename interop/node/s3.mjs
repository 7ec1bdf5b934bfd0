// What AWS's JavaScript SDK does with a store: an app that has nothing but a pool
// and a login. stores_test.go gives the endpoints, the pool and the login.
import assert from "node:assert/strict";
import { Readable } from "node:stream";

import {
  CopyObjectCommand, DeleteObjectCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import { fromCognitoIdentityPool } from "@aws-sdk/credential-providers";
import { Upload } from "@aws-sdk/lib-storage";

const given = JSON.parse(process.env.DAYPASS_INTEROP);
const Bucket = given.bucket;
const common = { region: given.region, maxAttempts: 1 };

const refused = (error) => {
  assert.ok(error.name === "AccessDenied" || (given.departures.tells_missing && error.name === "NoSuchKey") || error.$metadata?.httpStatusCode === 403, `${error.name}: ${error.message}`);
  return true;
};

async function check(logins, others) {
  const credentials = fromCognitoIdentityPool({
    identityPoolId: given.pool, logins, clientConfig: { ...common, endpoint: given.endpoint },
  });
  const { identityId } = await credentials();
  const s3 = new S3Client({ ...common, endpoint: given.s3, forcePathStyle: true, credentials });
  const key = (name) => `${identityId}/node/${name}`;
  const text = async (Key, more = {}) => (await s3.send(new GetObjectCommand({ Bucket, Key, ...more }))).Body.transformToString();

  for (const name of ["plain", "a b+c&d=é!'(1)*.txt", "dots/..x/y..", "日本語"]) {
    await s3.send(new PutObjectCommand({ Bucket, Key: key(name), Body: name }));
    assert.equal(await text(key(name)), name);
  }
  assert.equal(await text(key("plain"), { Range: "bytes=1-3" }), "lai");
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: key("plain") }))).ContentLength, 5);

  // In parts, from a stream of unknown length.
  const chunk = Buffer.alloc(1 << 20, "x");
  const upload = new Upload({ client: s3, params: { Bucket, Key: key("big"), Body: Readable.from((function* () { for (let i = 0; i < 11; i++) yield chunk; })()) }, partSize: 5 << 20 });
  await upload.done();
  assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: key("big") }))).ContentLength, 11 << 20);

  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: key("") }));
  assert.ok(Contents.length >= 5 && Contents.every((o) => o.Key.startsWith(identityId)));
  if (!given.departures.no_copies) {
    await s3.send(new CopyObjectCommand({ Bucket, Key: key("copy"), CopySource: `${Bucket}/${encodeURIComponent(key("plain"))}` }));
    assert.equal(await text(key("copy")), "plain");
  }

  const theirs = `${others}/node/x`;
  await assert.rejects(s3.send(new PutObjectCommand({ Bucket, Key: theirs, Body: "x" })), refused);
  await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key: theirs })), refused);
  await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket })), refused);
  await assert.rejects(s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${others}/` })), refused);
  await assert.rejects(new Upload({ client: s3, params: { Bucket, Key: theirs, Body: Buffer.alloc(11 << 20) }, partSize: 5 << 20 }).done(), refused);

  const several = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: key("plain") }, { Key: theirs }] } });
  if (given.departures.no_delete_objects) {
    await assert.rejects(s3.send(several), refused);
  } else {
    const { Deleted, Errors } = await s3.send(several);
    assert.deepEqual([Deleted.map((d) => d.Key), Errors.map((e) => e.Code)], [[key("plain")], ["AccessDenied"]]);
  }
  await s3.send(new DeleteObjectCommand({ Bucket, Key: key("big") }));
}

await check({ [given.provider]: given.login }, given.bob.id);
await check(undefined, given.other.id);
