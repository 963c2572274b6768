import os
import unittest
import uuid

from supabase_auth import AsyncGoTrueClient

from desk import APP, MAILED, PASSWORD, Case, address, admin, client, mail, person


class Admin(Case):
    def test_users(self):
        email, after = address(), address()
        user = admin().create_user(
            {
                "email": email, "password": PASSWORD, "email_confirm": True,
                "user_metadata": {"name": "Ann"}, "app_metadata": {"plan": "pro"},
            }
        ).user
        self.assertEqual(admin().get_user_by_id(user.id).user, user)
        self.assertEqual(user.app_metadata["plan"], "pro")
        changed = admin().update_user_by_id(user.id, {"email": after, "email_confirm": True}).user
        self.assertEqual(changed.email, after)
        client(MAILED).sign_in_with_password({"email": after, "password": PASSWORD})
        banned = admin().update_user_by_id(user.id, {"ban_duration": "24h"}).user
        self.assertIsNotNone(banned.banned_until)
        with self.refused("user_banned", 403):
            client(MAILED).sign_in_with_password({"email": after, "password": PASSWORD})
        self.assertIsNone(admin().update_user_by_id(user.id, {"ban_duration": "none"}).user.banned_until)
        with self.refused("email_exists", 422):
            admin().create_user({"email": after})
        admin().delete_user(user.id)
        with self.refused("user_not_found", 404):
            admin().get_user_by_id(user.id)

    def test_list(self):
        for _ in range(3):
            admin().create_user({"email": address()})
        first, second = admin().list_users(1, 2), admin().list_users(2, 2)
        self.assertEqual((len(first), len(second) > 0), (2, True))
        self.assertFalse({u.id for u in first} & {u.id for u in second})
        self.assertGreaterEqual(len(admin().list_users()), 3)

    def test_sign_out(self):
        auth, _ = person()
        admin().sign_out(auth.get_session().access_token)
        with self.refused("session_not_found", 401):
            auth.get_user()

    def test_invite(self):
        email = address()
        user = admin().invite_user_by_email(email, {"data": {"name": "Ann"}}).user
        self.assertEqual(user.user_metadata, {"name": "Ann"})
        auth = client(MAILED)
        token = mail(email, "invited")["token"]
        self.assertEqual(auth.verify_otp({"token_hash": token, "type": "invite"}).user.id, user.id)
        auth.update_user({"password": PASSWORD})
        client(MAILED).sign_in_with_password({"email": email, "password": PASSWORD})

    def test_generate_link(self):
        email = address()
        link = admin().generate_link(
            {"type": "signup", "email": email, "password": PASSWORD, "options": {"data": {"name": "Ann"}, "redirect_to": APP}}
        )
        self.assertEqual((link.user.email, link.user.user_metadata), (email, {"name": "Ann"}))
        self.assertEqual((link.properties.verification_type, link.properties.redirect_to), ("signup", APP))
        with self.refused("reauthentication_needed", 400):
            client(MAILED).verify_otp({"token_hash": link.properties.hashed_token, "type": "signup"})
        for kind in ("recovery", "magiclink", "invite"):
            auth, email = person()
            if kind == "invite":
                email = address()
            link = admin().generate_link({"type": kind, "email": email})
            once = {"token_hash": link.properties.hashed_token, "type": kind}
            self.assertEqual(auth.verify_otp(once).user.id, link.user.id)
            with self.refused("otp_expired", 403):
                auth.verify_otp(once)
        _, email = person()
        change = {"type": "email_change_current", "email": email, "new_email": address()}
        self.assertEqual(admin().generate_link(change).properties.verification_type, "email_change_current")
        with self.refused("user_not_found", 404):
            admin().generate_link({"type": "recovery", "email": address()})

    def test_nobody_else(self):
        auth, _ = person()
        for token in (os.environ["HUTCH_DATA_KEY"], auth.get_session().access_token):
            with self.refused("not_admin", 403):
                admin(token).list_users()
        with self.refused("no_authorization", 401):
            client(MAILED).admin.get_user_by_id(str(uuid.uuid4()))


class Async(Case, unittest.IsolatedAsyncioTestCase):
    async def test_users(self):
        key = os.environ["HUTCH_KEY"]
        api = AsyncGoTrueClient(url=f"{MAILED}/auth/v1", headers={"Authorization": f"Bearer {key}"}).admin
        user = (await api.create_user({"email": address(), "email_confirm": True})).user
        self.assertEqual((await api.get_user_by_id(user.id)).user, user)
        self.assertIn(user.id, [u.id for u in await api.list_users(1, 1000)])
        await api.delete_user(user.id)
        with self.refused("user_not_found", 404):
            await api.get_user_by_id(user.id)
