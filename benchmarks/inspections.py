"""Cards checked per second over HTTP: the signed request, and the answer with its whole check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

from joserfc.jwk import ECKey
from sqlalchemy import select

from benchmarks.figures import milliseconds, show
from benchmarks.load import Client, Send, get, post, run
from benchmarks.stage import Stage
from portal import clock
from portal.database import db
from portal.vc import jose, sdjwt
from portal.vc.sdjwt import Question, SdJwt
from portal.verifier import inspections
from portal.verifier.models import Inspection
from portal.verifier.presets import Preset
from portal.verifier.requests import REQUESTS_PATH, RESPONSES_PATH
from tests.support.wallet import FlaskHttp, Wallet

HOLDERS = 8
"""At once; each at an address of its own, since the verifier limits what one address may ask."""
STEPS = ("request", "answer")


def holder(host: str, card: SdJwt, key: ECKey, asked: Sequence[str]) -> Client:
    """Answers one inspector after the other."""
    for request_id in asked:
        reply = yield Send(get(REQUESTS_PATH + request_id, host), "request")
        said = jose.read(reply.text).payload
        (query,) = said["dcql_query"]["credentials"]
        names = [claim["path"][0] for claim in query["claims"]]
        question = Question(said["client_id"], said["nonce"])
        shown = sdjwt.present(card, names, question, key=key, now=clock.SystemClock().now())
        form = urlencode({"vp_token": json.dumps({query["id"]: [shown]}), "state": said["state"]})
        sent = post(RESPONSES_PATH + request_id, host, form, "application/x-www-form-urlencoded")
        yield Send(sent, "answer")


def prepared(stage: Stage, checks: int) -> tuple[SdJwt, ECKey, list[str]]:
    """A card with its key, and the ids of the questions that wait for it."""
    stage.order(*stage.students(1))
    (offer,) = stage.offers()
    phone = Wallet(FlaskHttp(stage.app))
    card = phone.collect(offer.uri, offer.activation_code)
    with stage.app.app_context():
        for _check in range(checks):
            inspections.begin("benchmark", Preset.CARRIER)
        asked = list(db.session.scalars(select(Inspection.request_id)))
    return sdjwt.parse(card.credential), jose.private_key(phone.key.export_private(as_dict=True)), asked


def main(*, quick: bool = False) -> None:
    checks = 60 if quick else 400
    with Stage() as stage:
        card, key, asked = prepared(stage, checks)
        stage.start()
        clients = [holder(stage.host, card, key, asked[place::HOLDERS]) for place in range(HOLDERS)]
        results = run(stage.port, clients, 40, sources=[f"127.0.0.{place + 10}" for place in range(HOLDERS)])
    rows = [
        [
            step,
            f"{results.count(step):,}",
            milliseconds(results.percentile(step, 0.5)),
            milliseconds(results.percentile(step, 0.99)),
            str(results.errors(step, 200)),
        ]
        for step in STEPS
    ]
    show(
        "inspections",
        f"{checks} inspections answered by {HOLDERS} holders at once",
        ("", "answers", "p50", "p99", "errors"),
        rows,
        f"{results.rate('answer'):,.0f} checks a second (the holders' own work on the same cores included).",
    )
