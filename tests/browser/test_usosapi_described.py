"""The OpenAPI description of the USOS API is true of the running portal, whatever it is asked (schemathesis).

No browser is needed, only the server of the browsers' tests.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests_oauthlib import OAuth1
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select, update

from portal import create_app
from portal.database import db, write
from portal.identity import Account
from portal.settings import load
from portal.usosapi import consumers, tokens
from portal.usosapi.models import RequestToken
from portal.usosapi.scopes import Scope
from tests.support.server import Server

EXAMPLES = 5
"""Of each operation, as odd as may be."""
TOKENS = 6
"""Taken in turn: one alone would soon be slowed down."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
QUIET: Any = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}
ALBUM = "100007"


@pytest.fixture(scope="module")
def signers(server: Server) -> Iterator[OAuth1]:
    """Access of an app to a student, as if the student had agreed in a browser."""
    app = create_app(load(server.environ))
    with app.app_context():
        new = consumers.add("Schemathesis", None, list(Scope))
        made = [access(new.key) for _ in range(TOKENS)]
        db.session.remove()
        db.engine.dispose()
    return itertools.cycle([OAuth1(new.key, new.secret, token.token, token.secret) for token in made])


def access(key: str) -> tokens.NewToken:
    consumer = consumers.by_key(key)
    assert consumer is not None
    asking = tokens.ask(consumer, consumers.OOB, list(Scope))
    request = tokens.asked(asking.token)
    assert request is not None
    student = select(Account.id).where(Account.login == ALBUM).scalar_subquery()
    with write() as session:
        session.execute(update(RequestToken).where(RequestToken.id == request.id).values(account_id=student))
    return tokens.exchange(request, asking.token, tokens.verifier(asking.token, consumers.OOB))


@pytest.fixture(scope="module")
def order_id(server: Server, signers: Iterator[OAuth1]) -> str:
    """An order that really is the student's, so that asking for it may succeed."""
    signer = next(signers)
    made = requests.post(f"{server.url}/services/cards/make_mcard_order", auth=signer, timeout=10)
    assert made.json() == {"success": True}
    query = {"fields": "orders[id]"}
    told = requests.get(f"{server.url}/services/cards/mcard", params=query, auth=signer, timeout=10)
    return str(told.json()["orders"][0]["id"])


def test_every_answer_is_as_described(server: Server, signers: Iterator[OAuth1], order_id: str) -> None:
    schema = schemathesis.openapi.from_url(f"{server.url}/services/openapi.json")
    answered: set[tuple[str, int]] = set()

    def ask(operation: schemathesis.APIOperation, examples: int, *, signed: bool, sensible: bool) -> None:
        @settings(max_examples=examples, **QUIET)
        @given(operation.as_strategy())
        def one(case: schemathesis.Case) -> None:
            if sensible:
                make_sensible(case, order_id)
            auth = {"auth": next(signers)} if signed else {}
            answer = case.call_and_validate(checks=CHECKS, **auth)
            answered.add((operation.label, answer.status_code))

        one()

    for operation in (found.ok() for found in schema.get_all_operations()):
        ask(operation, 2, signed=True, sensible=True)
        ask(operation, EXAMPLES, signed=True, sensible=False)
        ask(operation, 2, signed=False, sensible=False)
    good = {label for label, status in answered if status == 200}
    # The card that it would revoke was revoked by GET just before.
    assert {label for label, _ in answered} - good == {"POST /services/cards/revoke_mcard"}


def make_sensible(case: schemathesis.Case, order_id: str) -> None:
    """Random words are mostly refused: leave out what may be left out, and name what there is."""
    known = {"order_id": order_id, "name": "services/cards"}
    if case.path.endswith("/method"):
        known["name"] = "services/cards/mcard"
    for given_ in (case.query, case.body):
        if isinstance(given_, dict):
            for name in ("fields", "user_id"):
                given_.pop(name, None)
            given_.update({name: value for name, value in known.items() if name in given_})
