import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Authenticator } from "../authenticator.mjs";
import { client, mailed, ok, password, person, refused } from "../desk.mjs";

const origin = mailed.replace("127.0.0.1", "localhost");
const webauthn = { rpId: "localhost", rpOrigins: [origin] };

// What a browser has: here options stay as they came, in JSON.
globalThis.PublicKeyCredential = {
  parseCreationOptionsFromJSON: (options) => options,
  parseRequestOptionsFromJSON: (options) => options,
};

/** Has the authenticator answer a challenge, as auth.mfa.webauthn would in a browser. */
async function prove(auth, factorId, device) {
  const challenge = ok(await auth.mfa.challenge({ factorId, webauthn }));
  const { type, credential_options } = challenge.webauthn;
  const credential = device[type === "create" ? "create" : "get"](credential_options.publicKey);
  const params = { factorId, challengeId: challenge.id, webauthn: { type, credential_response: { toJSON: () => credential } } };
  return { type, params, answer: await auth.mfa.webauthn.verify(params) };
}

suite("security keys as second factors", { concurrency: 2 }, () => {
  test("enroll, register, and prove at the next sign-in", async () => {
    const { auth, email } = await person();
    const factor = ok(await auth.mfa.webauthn.enroll({ friendlyName: "Key" }));
    assert.equal(factor.type, "webauthn");
    const device = new Authenticator(origin);
    const first = await prove(auth, factor.id, device);
    assert.equal(first.type, "create");
    ok(first.answer);
    assert.equal(ok(await auth.getClaims()).claims.aal, "aal2");
    assert.deepEqual(ok(await auth.mfa.listFactors()).webauthn.map((f) => f.friendly_name), ["Key"]);
    refused(await auth.mfa.webauthn.verify(first.params), "mfa_challenge_expired", 422);

    const other = client(mailed);
    ok(await other.signInWithPassword({ email, password }));
    assert.equal(ok(await other.mfa.getAuthenticatorAssuranceLevel()).nextLevel, "aal2");
    const wrong = await prove(other, factor.id, new Authenticator(origin));
    assert.ok(wrong.answer.error, "another key");
    const second = await prove(other, factor.id, device);
    assert.equal(second.type, "request");
    ok(second.answer);
    assert.equal(ok(await other.getClaims()).claims.aal, "aal2");
    ok(await other.mfa.unenroll({ factorId: factor.id }));
    assert.deepEqual(ok(await other.mfa.listFactors()).webauthn, []);
  });

  test("a page elsewhere proves nothing", async () => {
    const { auth } = await person();
    const factor = ok(await auth.mfa.webauthn.enroll({ friendlyName: "Key" }));
    const { answer } = await prove(auth, factor.id, new Authenticator("https://evil.example"));
    assert.ok(answer.error);
    assert.deepEqual(ok(await auth.mfa.listFactors()).webauthn, []);
  });
});
