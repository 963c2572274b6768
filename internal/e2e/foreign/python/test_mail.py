import unittest

from desk import APP, MAILED, PASSWORD, Case, address, admin, async_client, client, mail, person, press

CORRECT = "a password of today"


def waiting(auth):
    """A sign-up that waits for its mail."""
    email = address()
    got = auth.sign_up({"email": email, "password": PASSWORD, "options": {"email_redirect_to": APP}})
    assert got.session is None and got.user.email == email and got.user.email_confirmed_at is None
    return email, mail(email, "Confirm")


class SignUp(Case):
    def test_code(self):
        for kind in ("signup", "email"):
            with self.subTest(kind):
                auth = client(MAILED)
                email, letter = waiting(auth)
                with self.refused("invalid_credentials", 400):
                    client(MAILED).sign_in_with_password({"email": email, "password": PASSWORD})
                got = auth.verify_otp({"email": email, "token": letter["code"], "type": kind})
                self.assertIsNotNone(got.user.email_confirmed_at)
                with self.refused("otp_expired", 403):
                    auth.verify_otp({"email": email, "token": letter["code"], "type": kind})
                client(MAILED).sign_in_with_password({"email": email, "password": PASSWORD})

    def test_link_with_pkce(self):
        auth = client(MAILED, flow_type="pkce")
        email, letter = waiting(auth)
        got = auth.exchange_code_for_session({"auth_code": press(letter["link"])["code"]})
        self.assertEqual(got.user.email, email)

    def test_resend(self):
        auth = client(MAILED)
        email, letter = waiting(auth)
        auth.resend({"type": "signup", "email": email})
        again = mail(email, "Confirm", 2)
        with self.refused("otp_expired", 403):
            auth.verify_otp({"token_hash": letter["token"], "type": "signup"})
        auth.verify_otp({"email": email, "token": again["code"], "type": "signup"})


class SignIn(Case):
    def test_code(self):
        auth, email = client(MAILED), address()
        auth.sign_in_with_otp({"email": email, "options": {"data": {"name": "Ann"}}})
        got = auth.verify_otp({"email": email, "token": mail(email, "Sign in")["code"], "type": "email"})
        self.assertEqual(got.user.user_metadata, {"name": "Ann"})
        self.assertEqual(auth.get_claims()["claims"]["amr"][0]["method"], "otp")

    def test_token_hash(self):
        for kind in ("magiclink", "email"):
            with self.subTest(kind):
                _, email = person()
                auth = client(MAILED)
                auth.sign_in_with_otp({"email": email, "options": {"should_create_user": False}})
                token = mail(email, "Sign in")["token"]
                self.assertEqual(auth.verify_otp({"token_hash": token, "type": kind}).user.email, email)

    def test_link_with_pkce(self):
        _, email = person()
        auth = client(MAILED, flow_type="pkce")
        auth.sign_in_with_otp({"email": email, "options": {"email_redirect_to": APP}})
        code = press(mail(email, "Sign in")["link"])["code"]
        self.assertEqual(auth.exchange_code_for_session({"auth_code": code}).user.email, email)
        with self.refused("flow_state_not_found", 404):
            auth.exchange_code_for_session({"auth_code": code, "code_verifier": "v" * 43})


class NewPassword(Case):
    def test_code(self):
        before, email = person()
        auth, events = client(MAILED), []
        auth.on_auth_state_change(lambda event, session: events.append(event))
        auth.reset_password_for_email(email)
        auth.reset_password_for_email(address())
        auth.verify_otp({"email": email, "token": mail(email, "password")["code"], "type": "recovery"})
        self.assertEqual(events, ["PASSWORD_RECOVERY"])
        auth.update_user({"password": CORRECT})
        with self.refused("session_not_found", 401):
            before.get_user()
        client(MAILED).sign_in_with_password({"email": email, "password": CORRECT})

    def test_token_hash(self):
        _, email = person()
        auth = client(MAILED)
        auth.reset_password_for_email(email)
        auth.verify_otp({"token_hash": mail(email, "password")["token"], "type": "recovery"})
        auth.update_user({"password": CORRECT})

    def test_link_with_pkce(self):
        _, email = person()
        auth, events = client(MAILED, flow_type="pkce"), []
        auth.on_auth_state_change(lambda event, session: events.append(event))
        auth.reset_password_for_email(email, {"redirect_to": APP})
        auth.exchange_code_for_session({"auth_code": press(mail(email, "password")["link"])["code"]})
        self.assertEqual(events, ["PASSWORD_RECOVERY"])
        auth.update_user({"password": CORRECT})

    def test_nonce(self):
        auth, email = person()
        auth.reauthenticate()
        auth.update_user({"password": CORRECT, "nonce": mail(email, "code")["code"]})
        client(MAILED).sign_in_with_password({"email": email, "password": CORRECT})


class NewAddress(Case):
    def test_both_confirm(self):
        auth, email = person()
        after = address()
        self.assertEqual(auth.update_user({"email": after}).user.email, email)
        first = auth.verify_otp({"email": email, "token": mail(email, "new address")["code"], "type": "email_change"})
        self.assertIsNone(first.session)
        auth.resend({"type": "email_change", "email": email})
        token = mail(after, "new address", 2)["token"]
        got = auth.verify_otp({"token_hash": token, "type": "email_change"})
        self.assertEqual(got.user.email, after)
        self.assertEqual(auth.get_user().user.email, after)


class Async(Case, unittest.IsolatedAsyncioTestCase):
    async def test_mailed(self):
        auth, email = async_client(MAILED), address()
        await auth.sign_in_with_otp({"email": email})
        code = mail(email, "Sign in")["code"]
        got = await auth.verify_otp({"email": email, "token": code, "type": "email"})
        self.assertEqual(got.user.email, email)
        await auth.reset_password_for_email(email)
        code = mail(email, "password")["code"]
        await auth.verify_otp({"email": email, "token": code, "type": "recovery"})
        await auth.update_user({"password": CORRECT})
        admin().delete_user(got.user.id)
        with self.refused("session_not_found", 401):
            await auth.get_user()
