import uuid

from desk import APP, MAILED, Case, client, native, person, surf

PROVIDER = "keycloak"


def someone() -> str:
    return uuid.uuid4().hex[:8]


def enter(name: str):
    auth = client(MAILED, flow_type="pkce")
    url = auth.sign_in_with_oauth({"provider": PROVIDER, "options": {"redirect_to": APP}}).url
    return auth, auth.exchange_code_for_session({"auth_code": surf(url, name)["code"]}).user


class Providers(Case):
    def test_sign_in_with_oauth(self):
        name = someone()
        auth, user = enter(name)
        self.assertEqual(user.email, f"{name}@corp.example")
        self.assertEqual(user.app_metadata["provider"], PROVIDER)
        self.assertEqual(user.identities[0].id, name)
        self.assertEqual(auth.get_claims()["claims"]["amr"][0]["method"], "oauth")
        self.assertEqual(enter(name)[1].id, user.id)

    def test_sign_in_with_id_token(self):
        name, nonce = someone(), str(uuid.uuid4())
        given = {"provider": PROVIDER, "nonce": nonce, **native(name, nonce)}
        with self.refused("invalid_credentials", 400):
            client(MAILED).sign_in_with_id_token({**given, "nonce": "another"})
        auth = client(MAILED)
        self.assertEqual(auth.sign_in_with_id_token(given).user.identities[0].id, name)
        with self.refused("invalid_credentials", 400):
            client(MAILED).sign_in_with_id_token(given)

    def test_identities(self):
        name = someone()
        auth, _ = person(client(MAILED, flow_type="pkce"))
        mine = auth.get_user().user.id
        url = auth.link_identity({"provider": PROVIDER, "options": {"redirect_to": APP}}).url
        auth.exchange_code_for_session({"auth_code": surf(url, name)["code"]})
        self.assertEqual(enter(name)[1].id, mine)
        identities = auth.get_user_identities().identities
        self.assertEqual([i.provider for i in identities], ["email", PROVIDER])
        auth.unlink_identity(identities[1])
        with self.refused("identity_not_found", 404):
            auth.unlink_identity(identities[1])
        with self.refused("single_identity_not_deletable", 422):
            auth.unlink_identity(identities[0])
        self.assertNotEqual(enter(name)[1].id, mine)
