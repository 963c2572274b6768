// Services that know nothing of Hutch but its address verify access tokens.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as jose from "jose";
import * as openid from "openid-client";
import { address, client, ok, password, plain, rotate } from "../desk.mjs";

const discovered = await openid.discovery(new URL(plain), "a-service", undefined, openid.None(), {
  execute: [openid.allowInsecureRequests], // http, on loopback
});
const { issuer, jwks_uri } = discovered.serverMetadata();
const keySet = () => jose.createRemoteJWKSet(new URL(jwks_uri));

const expected = {
  issuer, audience: "authenticated", typ: "at+jwt", algorithms: ["ES256"],
  requiredClaims: ["sub", "exp", "iat", "jti", "role", "session_id", "aal", "amr"],
};
const verify = (token, keys, more) => jose.jwtVerify(token, keys, { ...expected, ...more });

async function signedUp() {
  const auth = client(plain);
  const { session } = ok(await auth.signUp({ email: address(), password }));
  return { auth, token: session.access_token, id: session.user.id };
}

test("discovery says where the keys are, and of whom", async () => {
  assert.equal(issuer, plain);
  assert.equal(new URL(jwks_uri).origin, plain);
  const { keys } = await (await fetch(jwks_uri)).json();
  assert.ok(keys.length > 0);
  for (const key of keys) {
    assert.deepEqual([key.kty, key.crv, key.alg, key.use], ["EC", "P-256", "ES256", "sig"]);
    assert.equal(key.d, undefined);
    // GoTrue's clients give the key to WebCrypto as it is.
    await crypto.subtle.importKey("jwk", key, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);
  }
});

test("jose verifies a token, and only that", async () => {
  const { token, id } = await signedUp();
  const { payload, protectedHeader } = await verify(token, keySet());
  assert.equal(payload.sub, id);
  assert.ok(protectedHeader.kid);
  const [head, body, signature] = token.split(".");
  const forged = Buffer.from(JSON.stringify({ ...payload, sub: "another" })).toString("base64url");
  await assert.rejects(verify(`${head}.${forged}.${signature}`, keySet()), { code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
  await assert.rejects(verify(token, keySet(), { audience: "hutch-admin" }), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
  await assert.rejects(verify(token, keySet(), { issuer: "http://127.0.0.1:1" }), { code: "ERR_JWT_CLAIM_VALIDATION_FAILED" });
  await assert.rejects(
    verify(token, keySet(), { currentDate: new Date((payload.exp + 1) * 1000) }),
    { code: "ERR_JWT_EXPIRED" },
  );
});

test("openid-client takes it to a resource", async () => {
  const { token, id } = await signedUp();
  const at = new URL("/auth/v1/user", issuer);
  const res = await openid.fetchProtectedResource(discovered, token, at, "GET");
  assert.equal((await res.json()).id, id);
});

test("over the rotation of keys", async () => {
  const { auth, token } = await signedUp();
  const before = (await verify(token, keySet())).protectedHeader.kid;

  await rotate(); // the next key stands in the JWKS and does not sign yet
  const known = keySet();
  await verify(token, known);
  assert.equal(known.jwks().keys.length, 2);
  const next = ok(await auth.refreshSession()).session.access_token;
  assert.equal((await verify(next, known)).protectedHeader.kid, before);
  ok(await auth.getClaims());

  await rotate({ now: "true" }); // as after a leak
  const after = ok(await auth.refreshSession()).session.access_token;
  const { protectedHeader } = await verify(after, keySet());
  assert.notEqual(protectedHeader.kid, before);
  await assert.rejects(verify(next, keySet()), { code: "ERR_JWKS_NO_MATCHING_KEY" });
  const res = await openid.fetchProtectedResource(discovered, after, new URL("/auth/v1/user", issuer), "GET");
  assert.equal(res.status, 200);
  assert.equal(ok(await auth.getClaims()).header.kid, protectedHeader.kid);
  const { error } = await auth.getUser(next);
  assert.equal(error.code, "bad_jwt");
});
