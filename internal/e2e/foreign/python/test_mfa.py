import time
import unittest

import pyotp

from desk import MAILED, PASSWORD, Case, admin, async_client, client, person


class MFA(Case):
    def test_walk(self):
        auth, email = person()
        factor = auth.mfa.enroll({"factor_type": "totp", "friendly_name": "Phone", "issuer": "Shop"})
        self.assertEqual((factor.type, factor.friendly_name), ("totp", "Phone"))
        self.assertTrue(factor.totp.qr_code.startswith("data:image/svg+xml;utf-8,<svg"))
        self.assertEqual([f.status for f in auth.mfa.list_factors().all], ["unverified"])
        app, now = pyotp.TOTP(factor.totp.secret), time.time()
        challenge = auth.mfa.challenge({"factor_id": factor.id})
        self.assertGreater(challenge.expires_at, now)
        proof = {"factor_id": factor.id, "challenge_id": challenge.id, "code": app.at(now)}
        self.assertEqual(auth.mfa.verify(proof).user.email, email)
        level = auth.mfa.get_authenticator_assurance_level()
        self.assertEqual((level.current_level, level.next_level), ("aal2", "aal2"))
        self.assertIn("totp", [m.method for m in level.current_authentication_methods])
        self.assertEqual([f.id for f in auth.mfa.list_factors().totp], [factor.id])

        auth = client(MAILED)
        auth.sign_in_with_password({"email": email, "password": PASSWORD})
        level = auth.mfa.get_authenticator_assurance_level()
        self.assertEqual((level.current_level, level.next_level), ("aal1", "aal2"))
        with self.refused("insufficient_aal", 403):
            auth.update_user({"password": "a password of today", "current_password": PASSWORD})
        with self.refused("mfa_verification_failed", 422):
            auth.mfa.challenge_and_verify({"factor_id": factor.id, "code": app.at(now)})
        auth.mfa.challenge_and_verify({"factor_id": factor.id, "code": app.at(now + 30)})
        self.assertEqual(auth.mfa.unenroll({"factor_id": factor.id}).id, factor.id)
        self.assertEqual(auth.mfa.list_factors().all, [])

    def test_a_factor_without_a_name(self):
        auth, _ = person()
        self.assertEqual(auth.mfa.enroll({"factor_type": "totp"}).friendly_name, "")


    def test_admin(self):
        auth, _ = person()
        user = auth.get_user().user.id
        factor = auth.mfa.enroll({"factor_type": "totp", "friendly_name": "Phone"})
        api = admin().mfa
        self.assertEqual([f.id for f in api.list_factors({"user_id": user})], [factor.id])
        self.assertEqual(api.delete_factor({"user_id": user, "id": factor.id}).id, factor.id)
        self.assertEqual(api.list_factors({"user_id": user}), [])


class Async(Case, unittest.IsolatedAsyncioTestCase):
    async def test_walk(self):
        _, email = person()
        auth = async_client(MAILED)
        await auth.sign_in_with_password({"email": email, "password": PASSWORD})
        factor = await auth.mfa.enroll({"factor_type": "totp", "friendly_name": "Phone"})
        code = pyotp.TOTP(factor.totp.secret).now()
        await auth.mfa.challenge_and_verify({"factor_id": factor.id, "code": code})
        level = await auth.mfa.get_authenticator_assurance_level()
        self.assertEqual((level.current_level, level.next_level), ("aal2", "aal2"))
        self.assertEqual([f.id for f in (await auth.mfa.list_factors()).totp], [factor.id])
        await auth.mfa.unenroll({"factor_id": factor.id})
