"""A wallet on the command line, in a process of its own: `python -m tests.support.take_card`.

It takes a card by the text or a picture of the QR, checks it with libraries that nobody here wrote, keeps it
in a file, and tells later whether it is still valid. A helper for trying the portal; it is no app for people.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import zxingcpp
from jwcrypto.jwk import JWK
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from PIL import Image
from sd_jwt.verifier import SDJWTVerifier

from tests.support.wallet import HeldCard, ReadOffer, RequestsHttp, Wallet, parts_of

AUDIENCE = "https://inspector.example"
NO_OFFER = ReadOffer("", "", {}, {}, {})


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.check:
        print(json.dumps(_check(options.check)))
        return
    qr = read_qr(options.screenshot) if options.screenshot else options.text or input("QR code's text: ")
    code = options.code or input("Activation code: ")
    wallet = Wallet(RequestsHttp())
    card = wallet.collect(qr.strip(), code.replace(" ", "").strip())
    assert wallet.notify(card, "credential_accepted").status == 204
    report = {"claims": sorted(card.claims), "status": wallet.status(card), **checked(wallet, card)}
    if options.keep:
        options.keep.write_text(json.dumps({"credential": card.credential, "issuer": card.offer.issuer}))
    print(json.dumps(report | {"name": f"{card.claims['given_name']} {card.claims['family_name']}"}))


def read_qr(picture: Path) -> str:
    """What stands in the only QR code of a picture."""
    found = zxingcpp.read_barcodes(Image.open(picture), formats=zxingcpp.BarcodeFormat.QRCode)
    assert len(found) == 1, f"{len(found)} QR codes in the picture"
    return found[0].text


def checked(wallet: Wallet, card: HeldCard) -> dict[str, object]:
    """Signature, disclosures and holder binding, by the IETF's reference and by a second library."""
    nonce = f"nonce {time.time_ns()}"
    presented = wallet.present(card, ["given_name", "picture"], AUDIENCE, nonce)

    def key(issuer: str, header: dict[str, object]) -> JWK:
        return wallet.issuer_key(issuer, header)

    reference = SDJWTVerifier(presented, key, AUDIENCE, nonce).get_verified_payload()
    assert reference["picture"].startswith("data:image/jpeg;base64,")
    assert not {"pesel", "family_name"} & set(reference), "what was not disclosed is not there"
    header, _payload, _disclosures = parts_of(card.credential)
    second = SdJwtVcProofSuite().verify(
        presented,
        public_key_jwk=wallet.issuer_key(card.offer.issuer, header).export_public(as_dict=True),
        audience=AUDIENCE,
        nonce=nonce,
        require_key_binding=True,
        expected_vct=reference["vct"],
    )
    assert second.claims["given_name"] == reference["given_name"]
    return {"presented": sorted(reference), "key_bound": second.key_bound}


def _check(kept: Path) -> dict[str, int]:
    held = json.loads(kept.read_text())
    wallet = Wallet(RequestsHttp())
    claims = wallet.verified(held["credential"], held["issuer"])
    return {"status": wallet.status(HeldCard(held["credential"], "", "", NO_OFFER, claims))}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="take_card", description=__doc__.splitlines()[0])
    parser.add_argument("--text", help="the QR code's text")
    parser.add_argument("--screenshot", type=Path, help="a picture with the QR code, instead of its text")
    parser.add_argument("--code", help="the activation code")
    parser.add_argument("--keep", type=Path, help="where to keep the card")
    parser.add_argument("--check", type=Path, help="only tell the status of a kept card (0: valid)")
    return parser


if __name__ == "__main__":
    main()
