import unittest

from supabase_auth.errors import AuthInvalidJwtError, AuthWeakPasswordError

from desk import MAILED, PASSWORD, PLAIN, Case, address, async_client, client, mail


def signed_up():
    auth, email = client(PLAIN), address()
    auth.sign_up({"email": email, "password": PASSWORD, "options": {"data": {"name": "Ann"}}})
    return auth, email


class Password(Case):
    def test_sign_up(self):
        auth, email = client(PLAIN), address()
        events = []
        auth.on_auth_state_change(lambda event, session: events.append(event))
        got = auth.sign_up({"email": email, "password": PASSWORD, "options": {"data": {"name": "Ann"}}})
        self.assertEqual(got.session.token_type, "bearer")
        self.assertEqual(got.session.expires_in, 900)
        self.assertEqual(got.user.email, email)
        self.assertEqual(got.user.user_metadata, {"name": "Ann"})
        self.assertEqual(got.user.app_metadata["providers"], ["email"])
        self.assertEqual(got.user.identities[0].provider, "email")
        self.assertIsNotNone(got.user.updated_at)
        self.assertEqual(events, ["SIGNED_IN"])
        self.assertEqual(auth.get_user().user, got.user)

    def test_refusals(self):
        _, email = signed_up()
        with self.refused("user_already_exists", 422):
            client(PLAIN).sign_up({"email": email, "password": PASSWORD})
        with self.refused("weak_password", 422, AuthWeakPasswordError) as weak:
            client(PLAIN).sign_up({"email": address(), "password": "short"})
        self.assertEqual(weak.error.reasons, ["length"])
        with self.refused("invalid_credentials", 400):
            client(PLAIN).sign_in_with_password({"email": email, "password": "another password"})
        with self.refused("invalid_credentials", 400):
            client(PLAIN).sign_in_with_password({"email": address(), "password": PASSWORD})
        with self.refused("validation_failed", 400):
            client(PLAIN).sign_up({"phone": "+15550100", "password": PASSWORD})
        with self.refused("bad_jwt", 401):
            client(PLAIN).get_user("not.a.token")

    def test_get_claims(self):
        auth, email = signed_up()
        got = auth.get_claims()
        self.assertEqual(got["headers"]["alg"], "ES256")
        self.assertEqual(got["claims"]["iss"], PLAIN)
        self.assertEqual(got["claims"]["email"], email)
        self.assertEqual(got["claims"]["aal"], "aal1")
        self.assertEqual(got["claims"]["amr"][0]["method"], "password")
        head, body, signature = auth.get_session().access_token.split(".")
        forged = signature[:-8] + ("A" * 8 if signature[-8:] != "A" * 8 else "B" * 8)
        with self.assertRaises(AuthInvalidJwtError):
            auth.get_claims(f"{head}.{body}.{forged}")

    def test_refresh_and_set_session(self):
        auth, email = signed_up()
        first = auth.get_session()
        second = auth.refresh_session().session
        self.assertNotEqual(first.refresh_token, second.refresh_token)
        auth.refresh_session()
        with self.refused("refresh_token_already_used", 400):
            client(PLAIN).refresh_session(first.refresh_token)
        with self.refused("refresh_token_not_found", 400):
            client(PLAIN).refresh_session("unknown")
        auth, email = signed_up()
        session = auth.get_session()
        other = client(PLAIN)
        self.assertEqual(other.set_session(session.access_token, session.refresh_token).user.email, email)
        self.assertEqual(other.get_user().user.email, email)

    def test_sign_out(self):
        auth, email = signed_up()
        one, two = client(PLAIN), client(PLAIN)
        for device in (one, two):
            device.sign_in_with_password({"email": email, "password": PASSWORD})
        token = one.get_session().access_token
        one.sign_out({"scope": "local"})
        self.assertIsNone(one.get_session())
        with self.refused("session_not_found", 401):
            client(PLAIN).get_user(token)
        two.sign_out({"scope": "others"})
        two.get_user()
        with self.refused("session_not_found", 401):
            auth.get_user()
        token = two.get_session().access_token
        two.sign_out()
        with self.refused("session_not_found", 401):
            client(PLAIN).get_user(token)

    def test_update_user(self):
        auth, email = signed_up()
        self.assertEqual(auth.update_user({"data": {"name": "Anna"}}).user.user_metadata, {"name": "Anna"})
        with self.refused("invalid_credentials", 400):
            auth.update_user({"password": "another long one", "current_password": "not this one"})
        with self.refused("same_password", 422):
            auth.update_user({"password": PASSWORD, "current_password": PASSWORD})
        auth.update_user({"password": "another long one", "current_password": PASSWORD})
        client(PLAIN).sign_in_with_password({"email": email, "password": "another long one"})


class Anonymous(Case):
    def test_sign_in_anonymously(self):
        auth = client(MAILED)
        user = auth.sign_in_anonymously({"options": {"data": {"theme": "dark"}}}).user
        self.assertTrue(user.is_anonymous)
        self.assertEqual(user.user_metadata, {"theme": "dark"})
        email = address()
        auth.update_user({"email": email, "password": PASSWORD})
        got = auth.verify_otp({"email": email, "token": mail(email, "address")["code"], "type": "email_change"})
        self.assertEqual((got.user.id, got.user.is_anonymous), (user.id, False))
        client(MAILED).sign_in_with_password({"email": email, "password": PASSWORD})
        with self.refused("anonymous_provider_disabled", 422):
            client(PLAIN).sign_in_anonymously()


class Async(Case, unittest.IsolatedAsyncioTestCase):
    async def test_walk(self):
        auth, email = async_client(PLAIN), address()
        got = await auth.sign_up({"email": email, "password": PASSWORD})
        self.assertEqual((await auth.get_user()).user, got.user)
        self.assertEqual((await auth.get_claims())["claims"]["sub"], got.user.id)
        self.assertNotEqual((await auth.refresh_session()).session.refresh_token, got.session.refresh_token)
        user = (await auth.update_user({"data": {"name": "Ann"}})).user
        self.assertEqual(user.user_metadata, {"name": "Ann"})
        identities = (await auth.get_user_identities()).identities
        self.assertEqual([i.provider for i in identities], ["email"])
        other = async_client(PLAIN)
        await other.sign_in_with_password({"email": email, "password": PASSWORD})
        await auth.sign_out()
        self.assertIsNone(await auth.get_session())
        with self.refused("session_not_found", 401):
            await other.get_user()
        with self.refused("invalid_credentials", 400):
            await other.sign_in_with_password({"email": email, "password": "another password"})
