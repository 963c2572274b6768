import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isAuthSessionMissingError } from "@supabase/auth-js";
import { address, admin, app, client, mail, mailed, ok, password, person, pkce, press, refused } from "../desk.mjs";

/** A sign-up that waits for its mail. */
async function waiting(auth = client(mailed)) {
  const email = address();
  const { user, session } = ok(await auth.signUp({ email, password, options: { emailRedirectTo: app } }));
  assert.equal(session, null);
  assert.equal(user.email, email);
  assert.equal(user.email_confirmed_at, undefined);
  return { auth, email, letter: await mail(email, "Confirm") };
}

/** What verifyOtp gives, with the events of its client. */
async function verify(auth, params) {
  const events = [];
  const { data } = auth.onAuthStateChange((event) => void events.push(event));
  const got = ok(await auth.verifyOtp(params));
  data.subscription.unsubscribe();
  return { ...got, events };
}

suite("confirmation of a sign-up", { concurrency: 4 }, () => {
  for (const type of ["email", "signup"]) {
    test(`by code, type ${type}`, async () => {
      const { auth, email, letter } = await waiting();
      refused(await client(mailed).signInWithPassword({ email, password }), "invalid_credentials", 400);
      const wrong = letter.code === "000000" ? "000001" : "000000";
      refused(await auth.verifyOtp({ email, token: wrong, type }), "otp_expired", 403);
      const { session, user, events } = await verify(auth, { email, token: letter.code, type });
      assert.ok(user.email_confirmed_at);
      assert.ok(events.includes("SIGNED_IN"));
      assert.equal(ok(await auth.getUser()).user.id, session.user.id);
      refused(await auth.verifyOtp({ email, token: letter.code, type }), "otp_expired", 403);
      ok(await client(mailed).signInWithPassword({ email, password }));
    });
  }

  test("by link, with PKCE", async () => {
    const { auth, email, letter } = await waiting(pkce(mailed));
    const at = await press(letter.link);
    assert.equal(at.origin + at.pathname, app);
    const { session } = ok(await auth.exchangeCodeForSession(at.searchParams.get("code")));
    assert.equal(session.user.email, email);
    ok(await client(mailed).signInWithPassword({ email, password }));
  });

  test("a link's hash alone asks for the password of the sign-up", async () => {
    const { auth, letter } = await waiting();
    refused(
      await auth.verifyOtp({ token_hash: letter.token, type: letter.type }),
      "reauthentication_needed", 400,
    );
  });

  test("resend mails it again, the last one counts", async () => {
    const { auth, email, letter } = await waiting();
    assert.deepEqual(ok(await auth.resend({ type: "signup", email })), { user: null, session: null });
    const again = await mail(email, "Confirm", 2);
    assert.notEqual(again.token, letter.token);
    refused(await auth.verifyOtp({ token_hash: letter.token, type: "signup" }), "otp_expired", 403);
    ok(await auth.verifyOtp({ email, token: again.code, type: "signup" }));
    ok(await auth.resend({ type: "signup", email })); // tells nothing of the account
    refused(await auth.resend({ type: "sms", phone: "+15550100" }), "validation_failed", 400);
  });

  test("a taken address gets the same answer, its owner a mail", async () => {
    const { email } = await person();
    const { user, session } = ok(await client(mailed).signUp({ email, password: "of somebody else" }));
    assert.equal(session, null);
    assert.equal(user.email, email);
    assert.equal(user.identities.length, 1);
    await mail(email, "already");
  });
});

suite("links and codes that sign in", { concurrency: 4 }, () => {
  test("signInWithOtp by code makes the account", async () => {
    const auth = client(mailed);
    const email = address();
    assert.deepEqual(
      ok(await auth.signInWithOtp({ email, options: { data: { name: "Ann" }, emailRedirectTo: app } })),
      { user: null, session: null },
    );
    const letter = await mail(email, "Sign in");
    const { user, session } = await verify(auth, { email, token: letter.code, type: "email" });
    assert.deepEqual(user.user_metadata, { name: "Ann" });
    assert.equal(ok(await auth.getClaims()).claims.amr[0].method, "otp");
    assert.ok(session.refresh_token);
  });

  for (const type of ["email", "magiclink"]) {
    test(`signInWithOtp by token_hash, type ${type}`, async () => {
      const { email, id } = await person();
      const auth = client(mailed);
      ok(await auth.signInWithOtp({ email, options: { shouldCreateUser: false } }));
      const { token } = await mail(email, "Sign in");
      const { user } = await verify(auth, { token_hash: token, type });
      assert.equal(user.id, id);
      refused(await auth.verifyOtp({ token_hash: token, type }), "otp_expired", 403);
    });
  }

  test("signInWithOtp by link, with and without PKCE", async () => {
    const { email, id } = await person();
    const auth = pkce(mailed);
    ok(await auth.signInWithOtp({ email, options: { emailRedirectTo: app } }));
    const at = await press((await mail(email, "Sign in")).link);
    const code = at.searchParams.get("code");
    refused(await client(mailed).exchangeCodeForSession(code), "validation_failed", 400);
    assert.equal(ok(await auth.exchangeCodeForSession(code)).user.id, id);

    const implicit = client(mailed);
    ok(await implicit.signInWithOtp({ email, options: { emailRedirectTo: app } }));
    const back = await press((await mail(email, "Sign in", 2)).link);
    assert.equal(back.hash, "");
    const { token_hash, type } = Object.fromEntries(back.searchParams);
    assert.equal(ok(await implicit.verifyOtp({ token_hash, type })).user.id, id);
  });

  test("a code in another client's hands is good for nothing", async () => {
    const { email } = await person();
    const [auth, other] = [pkce(mailed), pkce(mailed)];
    ok(await auth.signInWithOtp({ email, options: { emailRedirectTo: app } }));
    const code = (await press((await mail(email, "Sign in")).link)).searchParams.get("code");
    await other.signInWithOAuth({ provider: "keycloak" }); // has a verifier of its own
    refused(await other.exchangeCodeForSession(code), "bad_code_verifier", 400);
    refused(await auth.exchangeCodeForSession(code), "flow_state_not_found", 404);
    refused(
      await client(mailed, { flowType: "pkce" }).exchangeCodeForSession(code),
      "pkce_code_verifier_not_found", 400, "AuthPKCECodeVerifierMissingError",
    );
  });

  test("shouldCreateUser false makes nothing and tells nothing", async () => {
    const email = address();
    ok(await client(mailed).signInWithOtp({ email, options: { shouldCreateUser: false } }));
    const { users } = ok(await admin().listUsers({ perPage: 1000 }));
    assert.ok(!users.some((u) => u.email === email));
    refused(await client(mailed).signInWithOtp({ phone: "+15550100" }), "validation_failed", 400);
    refused(await client(mailed).verifyOtp({ phone: "+15550100", token: "123456", type: "sms" }), "validation_failed", 400);
  });
});

suite("a new password", { concurrency: 4 }, () => {
  test("resetPasswordForEmail, by code", async () => {
    const { email, auth: before } = await person();
    const auth = client(mailed);
    assert.deepEqual(ok(await auth.resetPasswordForEmail(email, { redirectTo: app })), {});
    ok(await auth.resetPasswordForEmail(address()));
    const { code } = await mail(email, "password");
    const { events } = await verify(auth, { email, token: code, type: "recovery" });
    assert.ok(events.includes("PASSWORD_RECOVERY"));
    refused(await auth.updateUser({ data: { name: "Eve" } }), "reauthentication_needed", 400);
    ok(await auth.updateUser({ password: "a password of today" }));
    ok(await auth.getUser());
    assert.ok(isAuthSessionMissingError((await before.getUser()).error), "other sessions end");
    ok(await client(mailed).signInWithPassword({ email, password: "a password of today" }));
    await mail(email, "was changed");
  });

  test("resetPasswordForEmail, by token_hash", async () => {
    const { email, id } = await person();
    ok(await client(mailed).resetPasswordForEmail(email));
    const { token, type } = await mail(email, "password");
    assert.equal(type, "recovery");
    const auth = client(mailed);
    assert.equal((await verify(auth, { token_hash: token, type })).user.id, id);
    ok(await auth.updateUser({ password: "a password of today" }));
  });

  test("resetPasswordForEmail, by link with PKCE", async () => {
    const { email } = await person();
    const auth = pkce(mailed);
    ok(await auth.resetPasswordForEmail(email, { redirectTo: app }));
    const at = await press((await mail(email, "password")).link);
    const events = [];
    auth.onAuthStateChange((event) => void events.push(event));
    const { redirectType } = ok(await auth.exchangeCodeForSession(at.searchParams.get("code")));
    assert.equal(redirectType, "recovery");
    assert.ok(events.includes("PASSWORD_RECOVERY"));
    ok(await auth.updateUser({ password: "a password of today" }));
  });

  test("reauthenticate mails the nonce of updateUser", async () => {
    const { auth, email } = await person();
    assert.deepEqual(ok(await auth.reauthenticate()), { user: null, session: null });
    const { code } = await mail(email, "code");
    const wrong = code === "000000" ? "000001" : "000000";
    refused(await auth.updateUser({ password: "a password of today", nonce: wrong }), "otp_expired", 403);
    ok(await auth.updateUser({ password: "a password of today", nonce: code }));
    refused(await auth.updateUser({ password: "a password of tomorrow", nonce: code }), "otp_expired", 403);
    ok(await client(mailed).signInWithPassword({ email, password: "a password of today" }));
    assert.ok(isAuthSessionMissingError((await client(mailed).reauthenticate()).error));
  });
});

suite("a new address", { concurrency: 4 }, () => {
  test("updateUser mails both, verifyOtp confirms both", async () => {
    const { auth, email, id } = await person();
    const next = address();
    const { user } = ok(await auth.updateUser({ email: next }, { emailRedirectTo: app }));
    assert.equal(user.email, email, "it changes when both have confirmed");
    const [now, later] = [await mail(email, "new address"), await mail(next, "new address")];
    const first = ok(await auth.verifyOtp({ email, token: now.code, type: "email_change" }));
    assert.equal(first.session, null);
    assert.equal(ok(await auth.getUser()).user.email, email);
    ok(await auth.resend({ type: "email_change", email }));
    refused(await auth.verifyOtp({ token_hash: later.token, type: "email_change" }), "otp_expired", 403);
    const again = await mail(next, "new address", 2);
    const { session } = ok(await auth.verifyOtp({ token_hash: again.token, type: "email_change" }));
    assert.equal(session.user.id, id);
    assert.equal(session.user.email, next);
    assert.equal(ok(await auth.getUser()).user.email, next);
    ok(await client(mailed).signInWithPassword({ email: next, password }));
    await mail(email, "was changed");
  });

  test("with PKCE, by link", async () => {
    const { email, session } = await person();
    const auth = pkce(mailed);
    ok(await auth.setSession(session));
    const next = address();
    ok(await auth.updateUser({ email: next }, { emailRedirectTo: app }));
    assert.equal((await press((await mail(email, "new address")).link)).searchParams.get("code"), null);
    const at = await press((await mail(next, "new address")).link);
    const got = ok(await auth.exchangeCodeForSession(at.searchParams.get("code")));
    assert.equal(got.user.email, next);
  });

  test("an address that is taken gets the same answer", async () => {
    const [one, two] = [await person(), await person()];
    ok(await one.auth.updateUser({ email: two.email }));
    await mail(two.email, "already");
    refused(await one.auth.updateUser({ email: "nobody" }), "validation_failed", 400);
    refused(await one.auth.updateUser({ phone: "+15550100" }), "validation_failed", 400);
  });
});
