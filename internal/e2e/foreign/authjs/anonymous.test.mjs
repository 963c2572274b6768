import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { randomUUID } from "node:crypto";
import { address, app, client, mail, mailed, native, ok, password, pkce, plain, press, refused } from "../desk.mjs";

async function anonymous(auth = client(mailed)) {
  const { user, session } = ok(await auth.signInAnonymously({ options: { data: { theme: "dark" } } }));
  return { auth, user, session };
}

suite("anonymous users", { concurrency: 4 }, () => {
  test("signInAnonymously", async () => {
    const { auth, user, session } = await anonymous();
    assert.equal(user.is_anonymous, true);
    assert.equal(user.email, "");
    assert.deepEqual(user.identities, []);
    assert.deepEqual(user.user_metadata, { theme: "dark" });
    const { claims } = ok(await auth.getClaims());
    assert.equal(claims.is_anonymous, true);
    assert.equal(claims.amr[0].method, "anonymous");
    assert.equal(ok(await auth.refreshSession()).user.id, session.user.id);
    refused(await client(plain).signInAnonymously(), "anonymous_provider_disabled", 422);
  });

  test("updateUser with an address makes it permanent", async () => {
    const { auth, user } = await anonymous();
    const email = address();
    assert.equal(ok(await auth.updateUser({ email, password })).user.is_anonymous, true);
    const { code } = await mail(email, "address");
    const got = ok(await auth.verifyOtp({ email, token: code, type: "email_change" }));
    assert.equal(got.user.id, user.id);
    assert.equal(got.user.email, email);
    assert.equal(got.user.is_anonymous, false);
    assert.equal(ok(await auth.getUser()).user.is_anonymous, false);
    assert.equal(ok(await client(mailed).signInWithPassword({ email, password })).user.id, user.id);
  });

  test("the same by link, with PKCE", async () => {
    const { auth, user } = await anonymous(pkce(mailed));
    const email = address();
    ok(await auth.updateUser({ email, password }, { emailRedirectTo: app }));
    const at = await press((await mail(email, "address")).link);
    const got = ok(await auth.exchangeCodeForSession(at.searchParams.get("code")));
    assert.equal(got.user.id, user.id);
    assert.equal(got.user.is_anonymous, false);
    ok(await client(mailed).signInWithPassword({ email, password }));
  });

  test("linkIdentity makes it permanent", async () => {
    const { auth, user } = await anonymous();
    const [as, nonce] = [randomUUID().slice(0, 8), randomUUID()];
    const got = ok(await auth.linkIdentity({ provider: "keycloak", ...(await native(as, nonce)), nonce }));
    assert.equal(got.user.id, user.id);
    assert.equal(got.user.is_anonymous, false);
    assert.deepEqual(got.user.identities.map((i) => i.provider), ["keycloak"]);
  });
});
