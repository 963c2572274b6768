import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isAuthSessionMissingError } from "@supabase/auth-js";
import { Authenticator } from "../authenticator.mjs";
import { admin, client, mailed, ok, person, refused } from "../desk.mjs";

const origin = mailed.replace("127.0.0.1", "localhost");

/** Somebody with a passkey. */
async function registered() {
  const who = await person();
  const device = new Authenticator(origin);
  const { challenge_id, options, expires_at } = ok(await who.auth.passkey.startRegistration());
  assert.ok(expires_at > Date.now() / 1000);
  const passkey = ok(
    await who.auth.passkey.verifyRegistration({ challengeId: challenge_id, credential: device.create(options) }),
  );
  assert.ok(passkey.id && passkey.created_at);
  return { ...who, device, passkey };
}

async function enter(device, auth = client(mailed)) {
  const { challenge_id, options } = ok(await auth.passkey.startAuthentication());
  const params = { challengeId: challenge_id, credential: device.get(options) };
  return { auth, params, answer: await auth.passkey.verifyAuthentication(params) };
}

suite("passkeys", { concurrency: 4 }, () => {
  test("registration, and sign-in with it", async () => {
    const { device, id } = await registered();
    const { auth, params, answer } = await enter(device);
    const { session, user } = ok(answer);
    assert.equal(user.id, id);
    assert.ok(session.refresh_token);
    assert.equal(ok(await auth.getClaims()).claims.aal, "aal2");
    ok(await auth.refreshSession());
    refused(await client(mailed).passkey.verifyAuthentication(params), "webauthn_challenge_expired", 400);
  });

  test("list, update, delete", async () => {
    const { auth, device, passkey } = await registered();
    assert.deepEqual(ok(await auth.passkey.list()).map((p) => p.id), [passkey.id]);
    const named = ok(await auth.passkey.update({ passkeyId: passkey.id, friendlyName: "Phone" }));
    assert.equal(named.friendly_name, "Phone");
    const entered = await enter(device);
    ok(entered.answer);
    assert.ok(ok(await auth.passkey.list())[0].last_used_at);
    assert.equal(ok(await auth.passkey.delete({ passkeyId: passkey.id })), null);
    assert.deepEqual(ok(await auth.passkey.list()), []);
    refused(await auth.passkey.delete({ passkeyId: passkey.id }), "webauthn_credential_not_found", 404);
    assert.ok(isAuthSessionMissingError((await entered.auth.getUser()).error), "the sessions it began end");
    refused((await enter(device)).answer, "webauthn_verification_failed", 400);
  });

  test("what is refused", async () => {
    const { auth } = await person();
    const { challenge_id, options } = ok(await auth.passkey.startRegistration());
    const elsewhere = new Authenticator("https://evil.example");
    refused(
      await auth.passkey.verifyRegistration({ challengeId: challenge_id, credential: elsewhere.create(options) }),
      "webauthn_verification_failed", 400,
    );
    assert.ok(isAuthSessionMissingError((await client(mailed).passkey.startRegistration()).error));
  });

  test("admin.passkey", async () => {
    const { device, id, passkey } = await registered();
    assert.deepEqual(ok(await admin().passkey.listPasskeys({ userId: id })).map((p) => p.id), [passkey.id]);
    assert.equal(ok(await admin().passkey.deletePasskey({ userId: id, passkeyId: passkey.id })), null);
    assert.deepEqual(ok(await admin().passkey.listPasskeys({ userId: id })), []);
    refused((await enter(device)).answer, "webauthn_verification_failed", 400);
  });
});
