import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isAuthSessionMissingError } from "@supabase/auth-js";
import { Secret, TOTP } from "otpauth";
import { admin, client, mail, mailed, ok, password, person, refused } from "../desk.mjs";

/** An authenticator app: each code is of the next period, as none is taken twice. */
function phone(secret) {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  let at = Date.now();
  return () => totp.generate({ timestamp: (at += 30_000) - 30_000 });
}

/** Somebody with a proven factor. */
async function enrolled(auth) {
  const who = await person(auth);
  const factor = ok(await who.auth.mfa.enroll({ factorType: "totp", friendlyName: "Phone" }));
  const code = phone(factor.totp.secret);
  ok(await who.auth.mfa.challengeAndVerify({ factorId: factor.id, code: code() }));
  return { ...who, factor, code };
}

const level = async (auth) => {
  const { currentLevel, nextLevel } = ok(await auth.mfa.getAuthenticatorAssuranceLevel());
  return [currentLevel, nextLevel];
};

suite("second factors", { concurrency: 4 }, () => {
  test("enroll, challenge, verify", async () => {
    const { auth, email, id } = await person();
    const other = client(mailed);
    ok(await other.signInWithPassword({ email, password }));
    assert.deepEqual(await level(auth), ["aal1", "aal1"]);

    const factor = ok(await auth.mfa.enroll({ factorType: "totp", friendlyName: "Phone", issuer: "Shop" }));
    assert.equal(factor.type, "totp");
    assert.equal(factor.friendly_name, "Phone");
    assert.match(factor.totp.qr_code, /^data:image\/svg\+xml;utf-8,<svg.*<\/svg>$/s);
    const uri = new URL(factor.totp.uri);
    assert.equal(uri.searchParams.get("secret"), factor.totp.secret);
    assert.equal(uri.searchParams.get("issuer"), "Shop");
    const waiting = ok(await auth.mfa.listFactors());
    assert.deepEqual([waiting.all.length, waiting.totp.length], [1, 0]);
    assert.deepEqual([waiting.all[0].id, waiting.all[0].status], [factor.id, "unverified"]);
    assert.deepEqual(await level(auth), ["aal1", "aal1"]);

    const code = phone(factor.totp.secret);
    const good = code();
    const wrong = good === "000000" ? "000001" : "000000";
    const first = ok(await auth.mfa.challenge({ factorId: factor.id }));
    assert.equal(first.type, "totp");
    assert.ok(first.expires_at > Date.now() / 1000);
    refused(
      await auth.mfa.verify({ factorId: factor.id, challengeId: first.id, code: wrong }),
      "mfa_verification_failed", 422,
    );
    const events = [];
    auth.onAuthStateChange((event) => void events.push(event));
    const { id: challengeId } = ok(await auth.mfa.challenge({ factorId: factor.id }));
    const session = ok(await auth.mfa.verify({ factorId: factor.id, challengeId, code: good }));
    assert.equal(session.user.id, id);
    assert.equal(session.token_type, "bearer");
    assert.ok(events.includes("MFA_CHALLENGE_VERIFIED"));

    assert.deepEqual(await level(auth), ["aal2", "aal2"]);
    const { claims } = ok(await auth.getClaims());
    assert.equal(claims.aal, "aal2");
    assert.ok(claims.amr.some((m) => m.method === "totp"));
    const { totp } = ok(await auth.mfa.listFactors());
    assert.deepEqual(totp.map((f) => [f.id, f.status, f.friendly_name]), [[factor.id, "verified", "Phone"]]);
    assert.ok(isAuthSessionMissingError((await other.getUser()).error), "sessions without it end");
    refused(await auth.mfa.verify({ factorId: factor.id, challengeId, code: code() }), "mfa_challenge_expired", 422);
  });

  test("the next sign-in asks for it", async () => {
    const { email, factor, code } = await enrolled();
    const auth = client(mailed);
    ok(await auth.signInWithPassword({ email, password }));
    assert.deepEqual(await level(auth), ["aal1", "aal2"]);
    refused(
      await auth.updateUser({ password: "a password of today", current_password: password }),
      "insufficient_aal", 403,
    );
    refused(await auth.mfa.unenroll({ factorId: factor.id }), "insufficient_aal", 403);
    ok(await auth.mfa.challengeAndVerify({ factorId: factor.id, code: code() }));
    assert.deepEqual(await level(auth), ["aal2", "aal2"]);
    ok(await auth.refreshSession());
    assert.deepEqual(await level(auth), ["aal2", "aal2"]);
    ok(await auth.updateUser({ password: "a password of today", current_password: password }));
  });

  test("a mailed way in asks for it, too", async () => {
    const { email, factor, code } = await enrolled();
    const auth = client(mailed);
    ok(await auth.resetPasswordForEmail(email));
    ok(await auth.verifyOtp({ email, token: (await mail(email, "password")).code, type: "recovery" }));
    refused(await auth.updateUser({ password: "a password of today" }), "insufficient_aal", 403);
    ok(await auth.mfa.challengeAndVerify({ factorId: factor.id, code: code() }));
    ok(await auth.updateUser({ password: "a password of today" }));
    ok(await client(mailed).signInWithPassword({ email, password: "a password of today" }));
  });

  test("a code is taken once", async () => {
    const { auth, email } = await person();
    const factor = ok(await auth.mfa.enroll({ factorType: "totp" }));
    const code = phone(factor.totp.secret)();
    ok(await auth.mfa.challengeAndVerify({ factorId: factor.id, code }));
    const next = client(mailed);
    ok(await next.signInWithPassword({ email, password }));
    refused(await next.mfa.challengeAndVerify({ factorId: factor.id, code }), "mfa_verification_failed", 422);
  });

  test("unenroll", async () => {
    const { auth, factor } = await enrolled();
    assert.deepEqual(ok(await auth.mfa.unenroll({ factorId: factor.id })), { id: factor.id });
    assert.deepEqual(ok(await auth.mfa.listFactors()).all, []);
    ok(await auth.refreshSession());
    assert.deepEqual(await level(auth), ["aal1", "aal1"]);
    refused(await auth.mfa.unenroll({ factorId: factor.id }), "mfa_factor_not_found", 404);
  });

  test("recovery codes", async () => {
    const options = { experimental: { recoveryCodes: true } };
    const { auth, email } = await enrolled(client(mailed, options));
    const { codes, total, type } = ok(await auth.mfa.recoveryCodes.generate());
    assert.equal(type, "recovery_code");
    assert.equal(new Set(codes).size, total);
    assert.equal(ok(await auth.mfa.recoveryCodes.getStatus()).remaining, total);

    const lost = client(mailed, options);
    ok(await lost.signInWithPassword({ email, password }));
    refused(await lost.mfa.recoveryCodes.verify({ code: "not-a-code" }), "mfa_verification_failed", 422);
    ok(await lost.mfa.recoveryCodes.verify({ code: codes[0] }));
    assert.deepEqual(await level(lost), ["aal2", "aal2"]);
    refused(await lost.mfa.recoveryCodes.verify({ code: codes[0] }), "mfa_verification_failed", 422);
    assert.equal(ok(await lost.mfa.recoveryCodes.getStatus()).remaining, total - 1);
    const again = ok(await lost.mfa.recoveryCodes.regenerate());
    assert.ok(!again.codes.includes(codes[1]));
    ok(await lost.mfa.recoveryCodes.unenroll());
    assert.ok((await lost.mfa.recoveryCodes.getStatus()).error);
  });

  test("admin.mfa", async () => {
    const { auth, id, factor } = await enrolled();
    const { factors } = ok(await admin().mfa.listFactors({ userId: id }));
    assert.deepEqual(factors.map((f) => [f.id, f.factor_type, f.status]), [[factor.id, "totp", "verified"]]);
    const { data } = ok(await admin().mfa.deleteFactor({ userId: id, id: factor.id })); // auth-js wraps it twice
    assert.equal(data.id, factor.id);
    assert.deepEqual(ok(await admin().mfa.listFactors({ userId: id })).factors, []);
    assert.deepEqual(ok(await auth.mfa.listFactors()).all, []);
    refused(await admin().mfa.deleteFactor({ userId: id, id: factor.id }), "mfa_factor_not_found", 404);
  });

  test("what is refused", async () => {
    const { auth, factor } = await enrolled();
    refused(await auth.mfa.enroll({ factorType: "totp", friendlyName: "Phone" }), "mfa_factor_name_conflict", 422);
    refused(await auth.mfa.enroll({ factorType: "phone", phone: "+15550100" }), "validation_failed", 400);
    const { auth: somebody } = await person();
    refused(await somebody.mfa.challenge({ factorId: factor.id }), "mfa_factor_not_found", 404);
    refused(await client(mailed).mfa.enroll({ factorType: "totp" }), "no_authorization", 401);
  });
});
