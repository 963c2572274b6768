import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { randomUUID } from "node:crypto";
import { isAuthSessionMissingError } from "@supabase/auth-js";
import { app, client, mailed, native, ok, person, pkce, refused, surf } from "../desk.mjs";

const provider = "keycloak";
const someone = () => randomUUID().slice(0, 8);

/** Signs in at the provider, with PKCE. */
async function enter(as, auth = pkce(mailed)) {
  const { url } = ok(await auth.signInWithOAuth({ provider, options: { redirectTo: app } }));
  const at = await surf(url, as);
  assert.equal(at.origin + at.pathname, app);
  return { auth, ...ok(await auth.exchangeCodeForSession(at.searchParams.get("code"))) };
}

suite("sign-in at a provider", { concurrency: 4 }, () => {
  test("signInWithOAuth, exchangeCodeForSession", async () => {
    const as = someone();
    const { auth, user, session } = await enter(as);
    assert.equal(user.email, `${as}@corp.example`);
    assert.ok(user.email_confirmed_at);
    assert.equal(user.app_metadata.provider, provider);
    assert.deepEqual(user.app_metadata.providers, [provider]);
    const [identity] = user.identities;
    assert.equal(identity.provider, provider);
    assert.equal(identity.id, as);
    assert.equal(identity.identity_data.sub, as);
    assert.equal(identity.identity_data.email, user.email);
    assert.equal(ok(await auth.getClaims()).claims.amr[0].method, "oauth");
    assert.equal(session.token_type, "bearer");
    assert.equal((await enter(as)).user.id, user.id);
  });

  test("signInWithOAuth keeps scopes and query parameters", async () => {
    const { url, provider: named } = ok(
      await pkce(mailed).signInWithOAuth({
        provider,
        options: { scopes: "openid email", queryParams: { prompt: "login" }, redirectTo: app },
      }),
    );
    assert.equal(named, provider);
    const res = await fetch(url, { redirect: "manual" });
    assert.equal(res.status, 302);
    const at = new URL(res.headers.get("location"));
    assert.equal(at.searchParams.get("prompt"), "login");
    assert.equal(at.searchParams.get("code_challenge_method"), "S256");
    assert.ok(at.searchParams.get("nonce"));
  });

  test("the implicit flow is refused: no address carries a token", async () => {
    const { url } = ok(await client(mailed).signInWithOAuth({ provider }));
    const res = await fetch(url, { redirect: "manual" });
    assert.equal(res.status, 400);
    assert.equal((await res.json()).field, "code_challenge");
  });

  test("a provider that is not there", async () => {
    const { url } = ok(await pkce(mailed).signInWithOAuth({ provider: "facebook" }));
    const res = await fetch(url, { redirect: "manual" });
    assert.equal(res.status, 400);
    assert.equal((await res.json()).code, "provider_disabled");
    refused(
      await client(mailed).signInWithIdToken({ provider: "facebook", token: "a.b.c", nonce: "n" }),
      "provider_disabled", 400,
    );
  });

  test("signInWithIdToken", async () => {
    const [as, nonce] = [someone(), randomUUID()];
    const { token, access_token } = await native(as, nonce);
    refused(
      await client(mailed).signInWithIdToken({ provider, token, access_token, nonce: "another" }),
      "invalid_credentials", 400,
    );
    const auth = client(mailed);
    const { user } = ok(await auth.signInWithIdToken({ provider, token, access_token, nonce }));
    assert.equal(user.identities[0].id, as);
    assert.equal(ok(await auth.getUser()).user.id, user.id);
    refused(
      await client(mailed).signInWithIdToken({ provider, token, access_token, nonce }),
      "invalid_credentials", 400,
    );
  });
});

suite("identities", { concurrency: 4 }, () => {
  test("linkIdentity, getUserIdentities, unlinkIdentity", async () => {
    const as = someone();
    const { id, session } = await person();
    const auth = pkce(mailed);
    ok(await auth.setSession(session));
    const { url } = ok(await auth.linkIdentity({ provider, options: { redirectTo: app } }));
    const at = await surf(url, as);
    const linked = ok(await auth.exchangeCodeForSession(at.searchParams.get("code")));
    assert.equal(linked.user.id, id);
    assert.equal((await enter(as)).user.id, id);
    const { identities } = ok(await auth.getUserIdentities());
    assert.deepEqual(identities.map((i) => i.provider), ["email", provider]);
    assert.ok(identities.every((i) => i.user_id === id && i.identity_id && i.created_at && i.updated_at));
    assert.deepEqual(ok(await auth.unlinkIdentity(identities[1])), {});
    assert.deepEqual(ok(await auth.getUserIdentities()).identities.map((i) => i.provider), ["email"]);
    refused(await auth.unlinkIdentity(identities[1]), "identity_not_found", 404);
    refused(await auth.unlinkIdentity(identities[0]), "single_identity_not_deletable", 422);
    assert.notEqual((await enter(as)).user.id, id);
  });

  test("linkIdentity with an id_token", async () => {
    const [as, nonce] = [someone(), randomUUID()];
    const { auth, id } = await person();
    const events = [];
    auth.onAuthStateChange((event) => void events.push(event));
    const { user } = ok(await auth.linkIdentity({ provider, ...(await native(as, nonce)), nonce }));
    assert.equal(user.id, id);
    assert.equal(user.identities.length, 2);
    assert.ok(events.includes("USER_UPDATED"));
    assert.equal((await enter(as)).user.id, id);
  });

  test("an identity of somebody else", async () => {
    const as = someone();
    await enter(as);
    const { session } = await person();
    const auth = pkce(mailed);
    ok(await auth.setSession(session));
    const { url } = ok(await auth.linkIdentity({ provider, options: { redirectTo: app } }));
    const at = await surf(url, as);
    refused(await auth.exchangeCodeForSession(at.searchParams.get("code")), "identity_already_exists", 422);
    const nonce = randomUUID();
    refused(
      await auth.linkIdentity({ provider, ...(await native(as, nonce)), nonce }),
      "identity_already_exists", 422,
    );
  });

  test("nobody links without a session", async () => {
    const { error } = await pkce(mailed).linkIdentity({ provider });
    assert.equal(error.code, "no_authorization");
    assert.equal(error.status, 401);
    assert.ok(isAuthSessionMissingError((await client(mailed).getUserIdentities()).error));
  });
});
