"""What the card says, and what checkers that nobody here wrote say of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from openvc import verify_credential
from openvc.status import CredentialRevoked, verify_status_list_token
from openvc.type_metadata import validate_type_metadata
from openvc.verify import VerificationPolicy
from sd_jwt.verifier import SDJWTVerifier

from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import JPEG, Desk, running
from tests.support.wallet import FlaskHttp, HeldCard, Wallet, parts_of

BASE = "https://legitymacja.example.org"
VISIBLE = {
    "iss",
    "iat",
    "nbf",
    "exp",
    "vct",
    "cnf",
    "status",
    "issuing_authority",
    "issuing_authority_short",
    "issuing_country",
    "schac_home_organization",
    "date_of_expiry",
    "_sd",
    "_sd_alg",
}
DISCLOSABLE = {
    "given_name": "Zofia Łucja",
    "family_name": "Żółkiewska",
    "birthdate": "2004-05-17",
    "picture": "data:image/jpeg;base64," + base64.b64encode(JPEG).decode(),
    "student_number": "012345",
    "card_number": "PPr-77 001",
    "pesel": "04251712345",
    "schac_personal_unique_code": ["urn:schac:personalUniqueCode:int:esi:example.org:012345"],
    "eduperson_scoped_affiliation": ["student@example.org"],
    "faculty": "Wydział Informatyki",
    "study_level": "first_cycle",
    "date_of_issue": "2026-11-20",
    "age_over_18": True,
}


def collected(desk: Desk, wallet: Wallet, **changes: Any) -> HeldCard:
    offer = desk.prepare(**changes)
    return wallet.collect(offer.uri, offer.activation_code)


def test_what_every_verifier_sees(desk: Desk, wallet: Wallet) -> None:
    header, payload, _ = parts_of(collected(desk, wallet).credential)
    assert set(header) == {"alg", "typ", "kid"}
    assert (header["alg"], header["typ"]) == ("ES256", "dc+sd-jwt")
    assert set(payload) == VISIBLE
    assert payload["iss"] == BASE
    assert payload["vct"] == f"{BASE}/vct/student-id/1"
    assert payload["issuing_authority"] == "Politechnika Próbna"
    assert payload["issuing_authority_short"] == "PPr"
    assert (payload["issuing_country"], payload["schac_home_organization"]) == ("PL", "example.org")
    assert payload["date_of_expiry"] == "2027-03-31"
    assert set(payload["status"]["status_list"]) == {"idx", "uri"}


def test_what_the_holder_may_disclose(desk: Desk, wallet: Wallet) -> None:
    _, payload, disclosures = parts_of(collected(desk, wallet).credential)
    assert {name: value for _, name, value in disclosures} == DISCLOSABLE
    assert payload["_sd_alg"] == "sha-256"
    assert payload["_sd"] == sorted(payload["_sd"])
    assert len(payload["_sd"]) == len(DISCLOSABLE)


def test_salts_have_128_bits_and_differ(desk: Desk, wallet: Wallet) -> None:
    _, _, disclosures = parts_of(collected(desk, wallet).credential)
    salts = {salt for salt, _, _ in disclosures}
    assert len(salts) == len(DISCLOSABLE)
    assert {len(base64.urlsafe_b64decode(salt + "==")) for salt in salts} == {16}


def test_the_card_ends_with_its_last_day_in_warsaw(desk: Desk, wallet: Wallet) -> None:
    _, winter, _ = parts_of(collected(desk, wallet, valid_until=date(2027, 3, 27)).credential)
    assert datetime.fromtimestamp(winter["exp"], UTC) == datetime(2027, 3, 27, 23, tzinfo=UTC)


def test_a_last_day_in_summer_ends_by_summer_time(desk: Desk, wallet: Wallet) -> None:
    _, summer, _ = parts_of(collected(desk, wallet, valid_until=date(2027, 3, 28)).credential)
    assert datetime.fromtimestamp(summer["exp"], UTC) == datetime(2027, 3, 28, 22, tzinfo=UTC)


def test_cards_of_one_day_cannot_be_told_apart_by_their_times(
    desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    _, first, _ = parts_of(collected(desk, wallet, reference="order-1").credential)
    clock.move(hours=5, minutes=3)
    _, second, _ = parts_of(collected(desk, wallet, reference="order-2").credential)
    assert (first["iat"], first["nbf"]) == (second["iat"], second["nbf"])
    assert first["iat"] <= clock.now().timestamp()


@pytest.mark.parametrize(
    ("birth_date", "adult"), [(date(2008, 11, 20), True), (date(2008, 11, 21), False), (None, None)]
)
def test_age_over_18_is_reckoned_on_the_day_of_issue(
    desk: Desk, wallet: Wallet, birth_date: date | None, adult: bool | None
) -> None:
    claims = collected(desk, wallet, birth_date=birth_date).claims
    assert claims.get("age_over_18") is adult
    assert ("birthdate" in claims) == (birth_date is not None)


def test_what_the_registry_does_not_know_is_left_out(desk: Desk, wallet: Wallet) -> None:
    claims = collected(desk, wallet, pesel=None, faculty="", study_level="").claims
    assert not {"pesel", "faculty", "study_level"} & set(claims)


def test_the_pesel_stays_off_the_card_where_the_university_says_so(
    settings: Settings, clock: MovingClock
) -> None:
    with running(replace(settings, pesel_on_card=False), clock) as app:
        desk, wallet = Desk(app), Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())
        card = collected(desk, wallet)
        assert "pesel" not in card.claims
        assert DISCLOSABLE["pesel"] not in json.dumps(parts_of(card.credential))
        described = wallet.http("GET", f"{BASE}/vct/student-id/1").json()["claims"]
        assert ["pesel"] not in [claim["path"] for claim in described]


def test_two_copies_share_neither_index_nor_salt_nor_digest(desk: Desk, wallet: Wallet) -> None:
    first = collected(desk, wallet)
    second = wallet.fetch(first.offer, first.access_token)
    (_, one, some), (_, two, others) = parts_of(first.credential), parts_of(second.credential)
    assert one["status"]["status_list"]["idx"] != two["status"]["status_list"]["idx"]
    assert not {salt for salt, _, _ in some} & {salt for salt, _, _ in others}
    assert not set(one["_sd"]) & set(two["_sd"])


def test_the_reference_implementation_verifies_a_presentation(desk: Desk, wallet: Wallet) -> None:
    card = collected(desk, wallet)
    shown = wallet.present(card, ["given_name", "picture"], "https://inspector.example.org", "n-1")
    seen = SDJWTVerifier(
        shown, wallet.issuer_key, "https://inspector.example.org", "n-1"
    ).get_verified_payload()
    assert set(seen) & set(DISCLOSABLE) == {"given_name", "picture"}
    assert seen["picture"].startswith("data:image/jpeg;base64,")


@pytest.fixture
def today(clock: MovingClock) -> MovingClock:
    """openvc asks the real clock, so here the portal's shows the same."""
    clock.instant = datetime.now(UTC)
    return clock


def resolver(wallet: Wallet) -> Callable[[str], dict[str, Any]]:
    def resolve(uri: str) -> dict[str, Any]:
        token = wallet.http("GET", uri).body.decode()
        header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        key = wallet.issuer_key(BASE, header).export_public(as_dict=True)
        return verify_status_list_token(token, public_key_jwk=key, expected_uri=uri)

    return resolve


def checked_by_openvc(wallet: Wallet, shown: str) -> Any:
    policy = VerificationPolicy(
        expected_vct=f"{BASE}/vct/student-id/1",
        audience="https://inspector.example.org",
        nonce="n-2",
        require_key_binding=True,
        require_status_issuer_binding=True,
    )
    return verify_credential(
        shown,
        policy=policy,
        jwt_vc_issuer_fetch=lambda url: wallet.http("GET", url).json(),
        resolve_status_list_token=resolver(wallet),
    )


def test_openvc_verifies_signature_holder_disclosures_and_status(
    today: MovingClock, desk: Desk, wallet: Wallet
) -> None:
    card = collected(desk, wallet, valid_until=today.now().date() + timedelta(days=100))
    shown = wallet.present(card, ["family_name", "age_over_18"], "https://inspector.example.org", "n-2")
    result = checked_by_openvc(wallet, shown)
    assert (result.issuer, result.key_bound) == (BASE, True)
    assert not result.status.revoked
    assert set(result.claims) & set(DISCLOSABLE) == {"family_name", "age_over_18"}


def test_openvc_sees_the_revocation_at_once(today: MovingClock, desk: Desk, wallet: Wallet) -> None:
    card = collected(desk, wallet, valid_until=today.now().date() + timedelta(days=100))
    shown = wallet.present(card, [], "https://inspector.example.org", "n-2")
    assert checked_by_openvc(wallet, shown)
    desk.revoke()
    with pytest.raises(CredentialRevoked):
        checked_by_openvc(wallet, shown)


def test_openvc_finds_the_whole_card_to_fit_its_type_metadata(desk: Desk, wallet: Wallet) -> None:
    card = collected(desk, wallet)
    result = validate_type_metadata(
        dict(card.claims),
        vct=card.claims["vct"],
        resolve=lambda url: wallet.http("GET", url).body,
    )
    assert {claim["path"][0] for claim in result.claims} == set(DISCLOSABLE) | (
        VISIBLE - {"iss", "iat", "nbf", "exp", "vct", "cnf", "status", "_sd", "_sd_alg"}
    )
