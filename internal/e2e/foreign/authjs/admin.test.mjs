import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isAuthSessionMissingError } from "@supabase/auth-js";
import { address, admin, app, client, keys, mail, mailed, ok, password, person, press, refused } from "../desk.mjs";

const nobody = "018f6d2a-0000-7000-8000-000000000000";

suite("auth.admin", { concurrency: 4 }, () => {
  test("createUser, getUserById, updateUserById, deleteUser", async () => {
    const email = address();
    const { user } = ok(
      await admin().createUser({
        email, password, email_confirm: true,
        user_metadata: { name: "Ann" }, app_metadata: { plan: "pro", roles: ["keeper"] },
      }),
    );
    assert.ok(user.email_confirmed_at);
    assert.deepEqual(user.user_metadata, { name: "Ann" });
    assert.equal(user.app_metadata.plan, "pro");
    assert.deepEqual(user.app_metadata.roles, ["keeper"]);
    assert.deepEqual(ok(await admin().getUserById(user.id)).user, user);

    const auth = client(mailed);
    ok(await auth.signInWithPassword({ email, password }));
    assert.equal(ok(await auth.getClaims()).claims.app_metadata.plan, "pro");
    const next = address();
    const changed = ok(
      await admin().updateUserById(user.id, {
        email: next, email_confirm: true, password: "another long one",
        user_metadata: { tea: true }, app_metadata: { plan: null },
      }),
    ).user;
    assert.equal(changed.email, next);
    assert.deepEqual(changed.user_metadata, { name: "Ann", tea: true });
    assert.equal(changed.app_metadata.plan, undefined);
    assert.ok(isAuthSessionMissingError((await auth.getUser()).error));
    ok(await auth.signInWithPassword({ email: next, password: "another long one" }));

    assert.equal(ok(await admin().deleteUser(user.id)).user.id, user.id);
    refused(await admin().getUserById(user.id), "user_not_found", 404);
    refused(await admin().deleteUser(user.id), "user_not_found", 404);
    assert.ok(isAuthSessionMissingError((await auth.getUser()).error));
  });

  test("what createUser and updateUserById refuse", async () => {
    const { email, id } = await person();
    refused(await admin().createUser({ email, password }), "email_exists", 422);
    refused(await admin().createUser({ email: "nobody" }), "validation_failed", 400);
    refused(
      await admin().createUser({ email: address(), password: "short" }),
      "weak_password", 422, "AuthWeakPasswordError",
    );
    refused(await admin().updateUserById(id, { email: (await person()).email }), "email_exists", 422);
    refused(await admin().updateUserById(id, { password_hash: "x" }), "validation_failed", 400);
    refused(await admin().updateUserById(nobody, { user_metadata: {} }), "user_not_found", 404);
  });

  test("ban_duration", async () => {
    const { auth, email, id } = await person();
    const { user } = ok(await admin().updateUserById(id, { ban_duration: "24h" }));
    assert.ok(Date.parse(user.banned_until) > Date.now());
    refused(await auth.getUser(), "user_banned", 403);
    refused(await auth.refreshSession(), "user_banned", 403);
    refused(await client(mailed).signInWithPassword({ email, password }), "user_banned", 403);
    ok(await admin().updateUserById(id, { ban_duration: "none" }));
    ok(await client(mailed).signInWithPassword({ email, password }));
  });

  test("listUsers by pages", async () => {
    for (let i = 0; i < 4; i++) ok(await admin().createUser({ email: address() }));
    const first = ok(await admin().listUsers({ page: 1, perPage: 2 }));
    assert.equal(first.users.length, 2);
    assert.equal(first.aud, "authenticated");
    assert.equal(first.nextPage, 2);
    assert.ok(first.total >= 4);
    assert.ok(first.lastPage >= 1);
    const second = ok(await admin().listUsers({ page: first.nextPage, perPage: 2 }));
    assert.equal(second.users.length, 2);
    assert.ok(!second.users.some((u) => first.users.some((v) => u.id === v.id)));
    const all = ok(await admin().listUsers({ perPage: 1000 }));
    assert.equal(all.nextPage, null);
    assert.ok(ok(await admin().listUsers()).users.length <= 50);
    refused(await admin().listUsers({ page: -1 }), "validation_failed", 400);
  });

  test("signOut ends a user's sessions by a token", async () => {
    const { auth, email, session } = await person();
    const other = client(mailed);
    ok(await other.signInWithPassword({ email, password }));
    ok(await admin().signOut(session.access_token, "others"));
    assert.ok(isAuthSessionMissingError((await other.getUser()).error));
    ok(await auth.getUser());
    ok(await admin().signOut(session.access_token));
    assert.ok(isAuthSessionMissingError((await auth.getUser()).error));
  });

  test("inviteUserByEmail", async () => {
    const email = address();
    const { user } = ok(await admin().inviteUserByEmail(email, { data: { name: "Ann" }, redirectTo: app }));
    assert.equal(user.email, email);
    assert.deepEqual(user.user_metadata, { name: "Ann" });
    const { token, type, link } = await mail(email, "invited");
    assert.equal(type, "invite");
    assert.equal((await press(link)).searchParams.get("token_hash"), token);
    const auth = client(mailed);
    assert.equal(ok(await auth.verifyOtp({ token_hash: token, type })).user.id, user.id);
    ok(await auth.updateUser({ password }));
    ok(await client(mailed).signInWithPassword({ email, password }));
    refused(await admin().inviteUserByEmail(email), "email_exists", 422);
    refused(await admin().inviteUserByEmail("nobody"), "validation_failed", 400);
    refused(await admin(keys.data).inviteUserByEmail(address()), "not_admin", 403);
  });

  test("generateLink: what a mail would hold", async () => {
    const email = address();
    const signup = ok(
      await admin().generateLink({
        type: "signup", email, password, options: { data: { name: "Ann" }, redirectTo: app },
      }),
    );
    assert.equal(signup.user.email, email);
    assert.deepEqual(signup.user.user_metadata, { name: "Ann" });
    assert.equal(signup.properties.verification_type, "signup");
    assert.equal(signup.properties.redirect_to, app);
    assert.match(signup.properties.email_otp, /^[0-9]{6}$/);
    const auth = client(mailed);
    const once = { token_hash: signup.properties.hashed_token, type: "signup" };
    refused(await auth.verifyOtp(once), "reauthentication_needed", 400); // nobody says that it began here
    assert.equal(ok(await auth.verifyOtp({ ...once, password })).user.id, signup.user.id);
    refused(await auth.verifyOtp({ ...once, password }), "otp_expired", 403);
    ok(await client(mailed).signInWithPassword({ email, password }));

    for (const type of ["magiclink", "recovery"]) {
      const { properties, user } = ok(await admin().generateLink({ type, email, options: { redirectTo: app } }));
      assert.equal(user.id, signup.user.id);
      assert.equal((await press(properties.action_link)).searchParams.get("token_hash"), properties.hashed_token);
      const by = client(mailed);
      assert.equal(ok(await by.verifyOtp({ email, token: properties.email_otp, type })).user.id, user.id);
      refused(await by.verifyOtp({ token_hash: properties.hashed_token, type }), "otp_expired", 403);
    }
    for (const type of ["magiclink", "invite"]) {
      const { properties, user } = ok(await admin().generateLink({ type, email: address() }));
      assert.equal(properties.verification_type, type);
      const by = client(mailed);
      assert.equal(ok(await by.verifyOtp({ token_hash: properties.hashed_token, type })).user.id, user.id);
    }
  });

  test("generateLink: a change of address", async () => {
    const { auth, email, id } = await person();
    const newEmail = address();
    const links = [];
    for (const type of ["email_change_current", "email_change_new"]) {
      const { properties, user } = ok(await admin().generateLink({ type, email, newEmail }));
      assert.equal(user.id, id);
      assert.equal(properties.verification_type, type);
      links.push(properties.hashed_token);
    }
    for (const token_hash of links) {
      ok(await client(mailed).verifyOtp({ token_hash, type: "email_change" }));
    }
    assert.equal(ok(await admin().getUserById(id)).user.email, newEmail);
    assert.ok(isAuthSessionMissingError((await auth.getUser()).error));
  });

  test("what generateLink refuses", async () => {
    const { email, id } = await person();
    const type = "magiclink";
    refused(await admin().generateLink({ type: "signup", email, password }), "email_exists", 422);
    refused(await admin().generateLink({ type: "invite", email }), "email_exists", 422);
    refused(await admin().generateLink({ type: "recovery", email: address() }), "user_not_found", 404);
    refused(await admin().generateLink({ type: "sms", email }), "validation_failed", 400);
    refused(await admin(keys.data).generateLink({ type, email }), "not_admin", 403);
    ok(await admin().updateUserById(id, { ban_duration: "24h" }));
    refused(await admin().generateLink({ type, email }), "user_banned", 403);
  });

  test("nobody else is an administrator", async () => {
    const { session } = await person();
    for (const token of [keys.data, session.access_token]) {
      refused(await admin(token).listUsers(), "not_admin", 403);
      refused(await admin(token).createUser({ email: address() }), "not_admin", 403);
      refused(await admin(token).deleteUser(session.user.id), "not_admin", 403);
    }
    refused(await client(mailed).admin.listUsers(), "no_authorization", 401);
  });
});
