"""An app whose signing nobody here wrote: `requests-oauthlib`, dialled straight into the application."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask import Flask
from oauthlib.oauth1 import Client as Oauthlib
from requests.adapters import BaseAdapter
from requests_oauthlib import OAuth1Session

from tests.conftest import MovingClock

BASE = "https://legitymacja.example.org"
REQUEST = f"{BASE}/services/oauth/request_token"
ACCESS = f"{BASE}/services/oauth/access_token"
REVOKE = f"{BASE}/services/oauth/revoke_token"
CALLBACK = "https://app.example.org/done"


class IntoTheApplication(BaseAdapter):
    """Sends what `requests` has prepared to an application of this process."""

    def __init__(self, app: Flask, address: str = "192.0.2.9") -> None:
        super().__init__()
        self._app, self._address = app, address

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        answer = self._app.test_client().open(
            parts.path,
            method=request.method,
            base_url=f"{parts.scheme}://{parts.netloc}",
            query_string=parts.query,
            headers={name: _text(value) for name, value in request.headers.items()},
            data=request.body,
            environ_base={"REMOTE_ADDR": self._address},
        )
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status_code, request.url or "", request
        response.headers.update(answer.headers)
        response.raw = io.BytesIO(answer.data)
        return response

    def close(self) -> None: ...


@dataclass
class Phone:
    """An app on a phone, with its key and, once the student has agreed, a token."""

    app: Flask
    clock: MovingClock
    key: str
    secret: str
    token: str = ""
    token_secret: str = ""
    verifier: str | None = None

    def session(self, **how: Any) -> OAuth1Session:
        """Signs with whatever tokens there are; `how` changes how."""
        now = self.clock

        class InTheTestsTime(Oauthlib):  # type: ignore[misc]
            def get_oauth_params(self, request: Any) -> Any:
                self.timestamp = self.timestamp or str(int(now.now().timestamp()))
                return super().get_oauth_params(request)

        session = OAuth1Session(
            self.key,
            client_secret=self.secret,
            resource_owner_key=self.token or None,
            resource_owner_secret=self.token_secret or None,
            verifier=self.verifier,
            client_class=InTheTestsTime,
            **how,
        )
        session.mount(BASE, IntoTheApplication(self.app))
        return session

    def signed(self, url: str, **how: Any) -> tuple[str, str]:
        """The address and the Authorization header that a GET of `url` would be sent with."""
        session = self.session(**how)
        prepared = session.prepare_request(requests.Request("GET", url))
        return str(prepared.url), _text(prepared.headers.get("Authorization", ""))

    def ask(self, callback: str = "oob", scopes: str = "cards|offline_access") -> str:
        """Get a request token; the page that asks the student."""
        self.token = self.token_secret = ""
        form = {"scopes": scopes} if scopes else {}
        answer = self.session(callback_uri=callback).post(REQUEST, data=form)
        assert answer.status_code == 200, answer.text
        self._keep(answer.text)
        return f"/services/oauth/authorize?oauth_token={self.token}&interactivity=confirm_user"

    def exchange(self, verifier: str) -> requests.Response:
        self.verifier = verifier
        answer = self.session().post(ACCESS)
        self.verifier = None
        if answer.status_code == 200:
            self._keep(answer.text)
        return answer

    def post(self, method: str, **form: str) -> requests.Response:
        return self.session().post(f"{BASE}/services/{method}", data=form)

    def get(self, method: str, **query: str) -> requests.Response:
        return self.session().get(f"{BASE}/services/{method}", params=query)

    def _keep(self, text: str) -> None:
        answer = {name: value for name, (value,) in parse_qs(text, strict_parsing=True).items()}
        self.token, self.token_secret = answer["oauth_token"], answer["oauth_token_secret"]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def anonymous(app: Flask, method: str, path: str, **how: Any) -> requests.Response:
    """A request without any signature of ours."""
    session = requests.Session()
    session.mount(BASE, IntoTheApplication(app))
    return session.request(method, f"{BASE}{path}", **how)
