"""Presentations as no honest wallet makes them."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from tests.support.inspected import Asked, Phone
from tests.support.wallet import new_key, sign


def anothers_name(phone: Phone, asked: Asked) -> str:
    """The holder writes another name into a disclosure."""
    head, *disclosures = _signed_part(phone.present(asked)).rstrip("~").split("~")
    forged = _b64(json.dumps(["c2FsdA", "family_name", "Fałszywa"]).encode())
    return _bound(phone, asked, "~".join([head, forged, *disclosures[1:], ""]))


def less_than_was_bound(phone: Phone, asked: Asked) -> str:
    """Somebody on the way takes a disclosure out."""
    head, _first, *rest = phone.present(asked).split("~")
    return "~".join([head, *rest])


def a_later_day(phone: Phone, asked: Asked) -> str:
    """The holder changes what the issuer signed."""
    card, *disclosures = _signed_part(phone.present(asked)).split("~")
    header, payload, signature = card.split(".")
    said = json.loads(base64.urlsafe_b64decode(payload + "=="))
    said["exp"] += 10**7
    forged = ".".join([header, _b64(json.dumps(said).encode()), signature])
    return _bound(phone, asked, "~".join([forged, *disclosures]))


def a_card_of_ones_own_make(phone: Phone, asked: Asked) -> str:
    """The holder signs a card in the issuer's name, under the issuer's key id."""
    header, payload, _ = _signed_part(phone.present(asked)).split("~")[0].split(".")
    (head, said) = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))
    return _bound(phone, asked, sign(head, said, phone.wallet.key) + "~")


def another_issuers(phone: Phone, asked: Asked) -> str:
    """As above, in the name of somebody whom nobody here knows."""
    said = {"iss": "https://diploma-mill.example", "vct": vct_of(asked), "cnf": cnf(phone)}
    return _bound(phone, asked, sign({"typ": "dc+sd-jwt", "alg": "ES256"}, said, phone.wallet.key) + "~")


def by_another_phone(phone: Phone, asked: Asked) -> str:
    """Somebody else has got a copy of the card."""
    own, phone.wallet.key = phone.wallet.key, new_key()
    try:
        return phone.present(asked)
    finally:
        phone.wallet.key = own


def without_holder(phone: Phone, asked: Asked) -> str:
    return _signed_part(phone.present(asked))


def with_another_nonce(phone: Phone, asked: Asked) -> str:
    return phone.present(asked, nonce="made-up")


def for_another_verifier(phone: Phone, asked: Asked) -> str:
    return phone.present(asked, audience="x509_hash:of-somebody-else")


def an_hour_old(phone: Phone, asked: Asked) -> str:
    return _bound(phone, asked, _signed_part(phone.present(asked)), iat=int(phone.wallet.clock()) - 3600)


def without_the_photo(phone: Phone, asked: Asked) -> str:
    return phone.present(asked, ["given_name", "family_name"])


def of_another_type(phone: Phone, asked: Asked) -> str:
    """Our issuer's name on a card of a kind that it doesn't issue."""
    said = {"iss": "https://legitymacja.example.org", "vct": "https://x.example/cat", "cnf": cnf(phone)}
    return _bound(phone, asked, sign({"typ": "dc+sd-jwt", "alg": "ES256"}, said, phone.wallet.key) + "~")


def no_card_at_all(phone: Phone, asked: Asked) -> str:
    return "a.b.c~d~e.f.g"


def vct_of(asked: Asked) -> str:
    return str(asked.said["dcql_query"]["credentials"][0]["meta"]["vct_values"][0])


def cnf(phone: Phone) -> dict[str, Any]:
    return {"jwk": phone.wallet.key.export_public(as_dict=True)}


def _bound(phone: Phone, asked: Asked, signed_part: str, **changes: Any) -> str:
    """With a good key binding to whatever stands there."""
    said = {
        "iat": int(phone.wallet.clock()),
        "aud": asked.client_id,
        "nonce": asked.said["nonce"],
        "sd_hash": _b64(hashlib.sha256(signed_part.encode()).digest()),
    }
    return signed_part + sign({"typ": "kb+jwt", "alg": "ES256"}, said | changes, phone.wallet.key)


def _signed_part(presentation: str) -> str:
    return presentation.rpartition("~")[0] + "~"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
