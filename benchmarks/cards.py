"""Cards issued per second over HTTP: offer, token, nonce, credential, each with a key of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey

from benchmarks.figures import keep, milliseconds, show
from benchmarks.load import Client, Results, Send, get, post, repeat, run
from benchmarks.stage import Stage
from benchmarks.yardsticks import BARE_FLASK
from portal.issuer.interface import Offer
from portal.issuer.urls import CONFIGURATION_ID
from tests.support.wallet import PRE_AUTHORIZED

WALLETS = 12
"""At once; each at an address of its own, since the issuer limits what one address may ask."""
STEPS = ("offer", "token", "nonce", "credential")


def wallet(host: str, offers: Sequence[Offer]) -> Client:
    """Takes one card after the other."""
    for offer in offers:
        (uri,) = parse_qs(urlsplit(offer.uri).query)["credential_offer_uri"]
        reply = yield Send(get(urlsplit(uri).path, host), "offer")
        code = json.loads(reply.text)["grants"][PRE_AUTHORIZED]["pre-authorized_code"]
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, "tx_code": offer.activation_code}
        sent = post("/oid4vci/token", host, urlencode(form), "application/x-www-form-urlencoded")
        token = json.loads((yield Send(sent, "token")).text)["access_token"]
        reply = yield Send(post("/oid4vci/nonce", host, "", "application/json"), "nonce")
        asked = {
            "credential_configuration_id": CONFIGURATION_ID,
            "proofs": {"jwt": [proof(host, json.loads(reply.text)["c_nonce"])]},
        }
        bearer = f"Authorization: Bearer {token}"
        yield Send(
            post("/oid4vci/credential", host, json.dumps(asked), "application/json", bearer), "credential"
        )


def proof(host: str, nonce: str) -> str:
    key = ECKey.generate_key("P-256")
    header = {"typ": "openid4vci-proof+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    body = {"aud": f"http://{host}", "iat": int(time.time()), "nonce": nonce}
    return jws.serialize_compact(header, json.dumps(body), key)


def measure(stage: Stage, number: int) -> tuple[Results, float]:
    """The cards, and the bare Flask answers a second that the same server gives to as many clients."""
    stage.order(*stage.students(number))
    offers = stage.offers()
    stage.start()
    clients = [wallet(stage.host, offers[place::WALLETS]) for place in range(WALLETS)]
    sources = [f"127.0.0.{place + 10}" for place in range(WALLETS)]
    results = run(stage.port, clients, 40, sources=sources)
    bare = [repeat([get(BARE_FLASK, stage.host)], "bare") for _ in range(WALLETS)]
    return results, run(stage.port, bare, 2).rate("bare")


def main(*, quick: bool = False) -> None:
    number = 100 if quick else 600
    with Stage() as stage:
        results, bare = measure(stage, number)
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
    rate = results.rate("credential")
    keep("cards.rate", rate)
    show(
        "cards",
        f"{number} cards taken by {WALLETS} wallets at once",
        ("", "answers", "p50", "p99", "errors"),
        rows,
        f"{rate:,.0f} whole cards a second (the wallets' own work on the same cores included).",
        f"{len(STEPS)} answers a card, of the answers a second of bare Flask: {len(STEPS) * rate / bare:.2f}",
    )
