"""What the tests use: the servers, the desk of the test that started them, people."""

import os
import unittest
import uuid
from urllib.parse import parse_qs, urlsplit

import httpx
from supabase_auth import AsyncGoTrueClient, SyncGoTrueClient
from supabase_auth.errors import AuthApiError

MAILED = os.environ["HUTCH_URL"]  # sign-ups are confirmed by mail
PLAIN = os.environ["HUTCH_PLAIN_URL"]  # no mail, no providers
PASSWORD = "correct horse battery"
APP = "http://localhost:3000/welcome"


def address() -> str:
    return f"{uuid.uuid4()}@example.test"


def client(server: str, **options) -> SyncGoTrueClient:
    options.setdefault("headers", {"apikey": "anon"})
    return SyncGoTrueClient(url=f"{server}/auth/v1", auto_refresh_token=False, **options)


def async_client(server: str, **options) -> AsyncGoTrueClient:
    options.setdefault("headers", {"apikey": "anon"})
    return AsyncGoTrueClient(url=f"{server}/auth/v1", auto_refresh_token=False, **options)


def admin(key: str = os.environ["HUTCH_KEY"]):
    return client(MAILED, headers={"apikey": key, "Authorization": f"Bearer {key}"}).admin


def person(auth: SyncGoTrueClient | None = None) -> tuple[SyncGoTrueClient, str]:
    """A client that is signed in, and its confirmed address."""
    email = address()
    admin().create_user({"email": email, "password": PASSWORD, "email_confirm": True})
    auth = auth or client(MAILED)
    auth.sign_in_with_password({"email": email, "password": PASSWORD})
    return auth, email


def _ask(path: str, **query) -> dict:
    answer = httpx.get(f"{os.environ['HUTCH_DESK']}/{path}", params=query, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def mail(to: str, subject: str, n: int = 1) -> dict:
    """The nth mail to an address whose subject has a word."""
    return _ask("mail", to=to, subject=subject, n=n)


def landed(at: str) -> dict[str, str]:
    """The parameters of the app's address at which a browser is."""
    assert at.startswith(APP + "?"), at
    return {name: values[0] for name, values in parse_qs(urlsplit(at).query).items()}


def press(link: str) -> dict[str, str]:
    return landed(_ask("press", link=link)["to"])


def surf(at: str, name: str) -> dict[str, str]:
    return landed(_ask("surf", **{"at": at, "as": name})["to"])


def native(name: str, nonce: str) -> dict:
    return _ask("native", **{"as": name, "nonce": nonce})


class Case(unittest.TestCase):
    def refused(self, code: str, status: int, kind: type = AuthApiError):
        """A block that must be refused, by GoTrue's code."""
        return _Refused(self, code, status, kind)


class _Refused:
    def __init__(self, case: unittest.TestCase, code: str, status: int, kind: type):
        self.case, self.code, self.status, self.kind = case, code, status, kind
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, _type, error, _traceback) -> bool:
        self.case.assertIsNotNone(error, "not refused")
        if not isinstance(error, self.kind):
            return False
        self.case.assertEqual((error.code, error.status), (self.code, self.status), error.message)
        self.error = error
        return True
