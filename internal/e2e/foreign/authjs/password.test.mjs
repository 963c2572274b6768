import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  AuthApiError,
  AuthWeakPasswordError,
  isAuthApiError,
  isAuthSessionMissingError,
  isAuthWeakPasswordError,
} from "@supabase/auth-js";
import { address, client, ok, password, plain, refused } from "../desk.mjs";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

async function signedUp(options = {}) {
  const auth = client(plain, options);
  const email = address();
  const { session, user } = ok(await auth.signUp({ email, password, options: { data: { name: "Ann" } } }));
  return { auth, email, session, user };
}

/** A token that says it ended long ago. */
function old(token) {
  const [head, body, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  return [head, Buffer.from(JSON.stringify({ ...claims, exp: 1 })).toString("base64url"), signature].join(".");
}

suite("sign-up and sign-in", { concurrency: 4 }, () => {
  test("signUp gives a session and a user of GoTrue's shape", async () => {
    const auth = client(plain);
    const events = [];
    auth.onAuthStateChange((event) => void events.push(event));
    const email = address();
    const { session, user } = ok(await auth.signUp({ email, password, options: { data: { name: "Ann" } } }));
    assert.equal(session.token_type, "bearer");
    assert.equal(session.expires_in, 900);
    assert.ok(Math.abs(session.expires_at - Date.now() / 1000 - 900) < 60);
    assert.deepEqual(session.user, user);
    assert.match(user.id, uuid);
    assert.equal(user.aud, "authenticated");
    assert.equal(user.role, "authenticated");
    assert.equal(user.email, email);
    assert.equal(user.phone, "");
    assert.equal(user.is_anonymous, false);
    assert.deepEqual(user.user_metadata, { name: "Ann" });
    assert.equal(user.app_metadata.provider, "email");
    assert.deepEqual(user.app_metadata.providers, ["email"]);
    assert.deepEqual(user.factors ?? [], []);
    for (const at of [user.created_at, user.updated_at, user.last_sign_in_at]) assert.match(at, time);
    const [identity] = user.identities;
    assert.equal(identity.provider, "email");
    assert.equal(identity.user_id, user.id);
    assert.equal(identity.id, user.id);
    assert.match(identity.identity_id, uuid);
    assert.equal(identity.identity_data.email, email);
    assert.equal(identity.identity_data.sub, user.id);
    assert.ok(events.includes("SIGNED_IN"));
    assert.deepEqual(ok(await auth.getSession()).session, session);
  });

  test("signUp refuses with GoTrue's errors", async () => {
    const { email } = await signedUp();
    const error = refused(await client(plain).signUp({ email, password }), "user_already_exists", 422);
    assert.ok(error instanceof AuthApiError && isAuthApiError(error));
    const weak = refused(
      await client(plain).signUp({ email: address(), password: "short" }),
      "weak_password", 422, "AuthWeakPasswordError",
    );
    assert.ok(weak instanceof AuthWeakPasswordError && isAuthWeakPasswordError(weak));
    assert.deepEqual(weak.reasons, ["length"]);
    const common = refused(
      await client(plain).signUp({ email: address(), password: "1234567890" }),
      "weak_password", 422, "AuthWeakPasswordError",
    );
    assert.deepEqual(common.reasons, ["pwned"]);
    refused(await client(plain).signUp({ email: "nobody", password }), "validation_failed", 400);
    refused(await client(plain).signUp({ email: address() }), "validation_failed", 400);
    refused(await client(plain).signUp({ phone: "+15550100", password }), "validation_failed", 400);
  });

  test("signInWithPassword", async () => {
    const { email, user } = await signedUp();
    const auth = client(plain);
    const got = ok(await auth.signInWithPassword({ email: email.toUpperCase(), password }));
    assert.equal(got.user.id, user.id);
    assert.equal(got.session.user.id, user.id);
    refused(await client(plain).signInWithPassword({ email, password: "another password" }), "invalid_credentials", 400);
    refused(await client(plain).signInWithPassword({ email: address(), password }), "invalid_credentials", 400);
    refused(await client(plain).signInWithPassword({ phone: "+15550100", password }), "validation_failed", 400);
  });

  test("throwOnError throws", async () => {
    await assert.rejects(
      client(plain, { throwOnError: true }).signInWithPassword({ email: address(), password }),
      { name: "AuthApiError", code: "invalid_credentials", status: 400 },
    );
  });

  test("getUser asks the server", async () => {
    const { auth, user, session } = await signedUp();
    assert.deepEqual(ok(await auth.getUser()).user, user);
    assert.deepEqual(ok(await client(plain).getUser(session.access_token)).user, user);
    refused(await client(plain).getUser("not.a.token"), "bad_jwt", 401);
    assert.ok(isAuthSessionMissingError((await client(plain).getUser()).error));
  });

  test("getClaims verifies by JWKS, offline once it has the key", async () => {
    let asked = [];
    const { auth, session, user } = await signedUp({
      fetch: (at, init) => (asked.push(new URL(at).pathname), fetch(at, init)),
    });
    asked = [];
    const { claims, header } = ok(await auth.getClaims());
    assert.deepEqual(asked, ["/auth/v1/.well-known/jwks.json"]);
    assert.equal(header.alg, "ES256");
    assert.equal(header.typ, "at+jwt");
    assert.equal(claims.sub, user.id);
    assert.equal(claims.iss, plain);
    assert.equal(claims.aud, "authenticated");
    assert.equal(claims.role, "authenticated");
    assert.equal(claims.email, user.email);
    assert.equal(claims.aal, "aal1");
    assert.equal(claims.amr[0].method, "password");
    assert.equal(claims.exp - claims.iat, 900);
    assert.deepEqual(claims.user_metadata, { name: "Ann" });
    assert.match(claims.session_id, uuid);
    ok(await auth.getClaims());
    assert.equal(asked.length, 1);
    refused(await auth.getClaims(old(session.access_token)), "invalid_jwt", 400, "AuthInvalidJwtError");
    refused(
      await auth.getClaims(old(session.access_token), { allowExpired: true }),
      "invalid_jwt", 400, "AuthInvalidJwtError",
    );
  });
});

suite("sessions", { concurrency: 4 }, () => {
  test("refreshSession, and a spent token", async () => {
    const { auth, session } = await signedUp();
    const events = [];
    auth.onAuthStateChange((event) => void events.push(event));
    const next = ok(await auth.refreshSession()).session;
    assert.notEqual(next.refresh_token, session.refresh_token);
    assert.equal(ok(await auth.getSession()).session.access_token, next.access_token);
    assert.ok(events.includes("TOKEN_REFRESHED"));
    const other = client(plain);
    const same = ok(await other.refreshSession(session)).session; // within 10 s, as a second tab
    assert.equal(same.refresh_token, next.refresh_token);
    ok(await auth.refreshSession());
    refused(await client(plain).refreshSession(session), "refresh_token_already_used", 400);
    refused(await client(plain).refreshSession({ refresh_token: "unknown" }), "refresh_token_not_found", 400);
  });

  test("setSession takes tokens, and refreshes those that ended", async () => {
    const { session, user } = await signedUp();
    const auth = client(plain);
    assert.equal(ok(await auth.setSession(session)).user.id, user.id);
    assert.equal(ok(await auth.getUser()).user.id, user.id);
    const late = client(plain);
    const got = ok(await late.setSession({ ...session, access_token: old(session.access_token) })).session;
    assert.notEqual(got.access_token, session.access_token);
    assert.equal(ok(await late.getUser()).user.id, user.id);
    refused(
      await client(plain).setSession({ access_token: old(session.access_token), refresh_token: "unknown" }),
      "refresh_token_not_found", 400,
    );
  });

  test("signOut by scope", async () => {
    const { auth, email } = await signedUp();
    const devices = [];
    for (let i = 0; i < 3; i++) {
      const device = client(plain);
      ok(await device.signInWithPassword({ email, password }));
      devices.push(device);
    }
    const [one, two, three] = devices;
    const token = ok(await one.getSession()).session.access_token;
    ok(await one.signOut({ scope: "local" }));
    assert.equal(ok(await one.getSession()).session, null);
    assert.ok(isAuthSessionMissingError((await client(plain).getUser(token)).error), "session_not_found");
    ok(await two.getUser());
    ok(await two.signOut({ scope: "others" }));
    ok(await two.getUser());
    assert.ok(isAuthSessionMissingError((await three.getUser()).error));
    assert.ok(isAuthSessionMissingError((await auth.getUser()).error));
    const last = client(plain);
    ok(await last.signInWithPassword({ email, password }));
    let out = false;
    last.onAuthStateChange((event) => void (out ||= event === "SIGNED_OUT"));
    ok(await last.signOut());
    assert.ok(out);
    assert.ok(isAuthSessionMissingError((await two.getUser()).error));
    ok(await last.signOut()); // again
  });

  test("updateUser: data, password", async () => {
    const { auth, email } = await signedUp();
    const other = client(plain);
    ok(await other.signInWithPassword({ email, password }));
    const { user } = ok(await auth.updateUser({ data: { name: "Anna", likes: ["tea"] } }));
    assert.deepEqual(user.user_metadata, { name: "Anna", likes: ["tea"] });
    assert.deepEqual(ok(await auth.updateUser({ data: { likes: null } })).user.user_metadata, { name: "Anna" });
    refused(
      await auth.updateUser({ password: "another long one", current_password: "not this one" }),
      "invalid_credentials", 400,
    );
    refused(await auth.updateUser({ password, current_password: password }), "same_password", 422);
    refused(
      await auth.updateUser({ password: "short", current_password: password }),
      "weak_password", 422, "AuthWeakPasswordError",
    );
    ok(await auth.updateUser({ password: "another long one", current_password: password }));
    assert.ok(isAuthSessionMissingError((await other.getUser()).error), "other sessions end");
    ok(await auth.getUser());
    refused(await client(plain).signInWithPassword({ email, password }), "invalid_credentials", 400);
    ok(await client(plain).signInWithPassword({ email, password: "another long one" }));
  });
});
