"""The signing keys: made once, private, replaced without breaking old cards."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest
from flask import Flask

from portal.audit import Event
from portal.issuer.keys import KeyStore
from portal.settings import Settings
from tests.conftest import MovingClock
from tests.issuer.conftest import Desk, running
from tests.support.wallet import FlaskHttp, HeldCard, Wallet, parts_of

BASE = "https://legitymacja.example.org"


def published(wallet: Wallet) -> list[dict[str, str]]:
    return wallet.http("GET", f"{BASE}/.well-known/jwt-vc-issuer").json()["jwks"]["keys"]


def signed_with(card: HeldCard) -> str:
    return parts_of(card.credential)[0]["kid"]


def rotate(app: Flask) -> str:
    result = app.test_cli_runner().invoke(args=["issuer", "rotate-key"])
    assert result.exit_code == 0, result.output
    return result.output.split()[-1]


def collected(desk: Desk, wallet: Wallet, reference: str = "order-1") -> HeldCard:
    offer = desk.prepare(reference)
    return wallet.collect(offer.uri, offer.activation_code)


def test_the_key_is_a_file_for_its_owner_only(wallet: Wallet, settings: Settings) -> None:
    published(wallet)
    directory = settings.instance_dir / "keys" / "issuer"
    assert [path.name for path in directory.iterdir()] == ["current.json"]
    assert (directory / "current.json").stat().st_mode & 0o777 == 0o600
    assert directory.stat().st_mode & 0o777 == 0o700


def test_only_public_parts_are_published(app: Flask, wallet: Wallet) -> None:
    rotate(app)
    for key in published(wallet):
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_the_key_is_named_by_its_thumbprint(wallet: Wallet) -> None:
    (key,) = published(wallet)
    jwk = wallet.issuer_key(BASE, {"kid": key["kid"]})
    assert key["kid"] == jwk.thumbprint()


def _kid(directory: Path) -> str:
    return KeyStore(directory).made().kid


def test_two_processes_that_need_a_key_at_once_agree_on_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(4) as pool:
        kids = pool.map(_kid, [tmp_path / "keys"] * 8)
    assert len(set(kids)) == 1


def test_a_restart_keeps_the_key(wallet: Wallet, settings: Settings, clock: MovingClock) -> None:
    before = published(wallet)
    with running(settings, clock) as again:
        assert published(Wallet(FlaskHttp(again))) == before


def test_a_new_key_signs_at_once_and_old_cards_still_verify(
    app: Flask, desk: Desk, wallet: Wallet, second_wallet: Wallet
) -> None:
    old = collected(desk, wallet)
    new_kid = rotate(app)
    new = collected(desk, second_wallet, "order-2")
    assert signed_with(old) != signed_with(new) == new_kid
    for card in (old, new):
        assert wallet.verified(card.credential, BASE)["given_name"] == "Zofia Łucja"
    assert (wallet.status(old), second_wallet.status(new)) == (0, 0)
    assert [key["kid"] for key in published(wallet)] == [new_kid, signed_with(old)]


def test_a_running_server_takes_up_a_key_rotated_by_another_process(
    app: Flask, desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    published(wallet)
    with running(settings, clock) as command_line:
        new_kid = rotate(command_line)
    assert signed_with(collected(desk, wallet)) == new_kid


def test_an_old_key_is_published_as_long_as_its_cards_live(
    app: Flask, desk: Desk, wallet: Wallet, clock: MovingClock
) -> None:
    card = collected(desk, wallet)  # valid through 31 March 2027
    rotate(app)
    clock.move(days=100)
    assert len(published(wallet)) == 2
    clock.move(days=40)
    assert signed_with(card) not in [key["kid"] for key in published(wallet)]


def test_an_old_key_without_cards_is_published_while_its_status_lists_live(
    app: Flask, wallet: Wallet, clock: MovingClock
) -> None:
    rotate(app)
    clock.move(hours=24)
    assert len(published(wallet)) == 2
    clock.move(hours=24)
    assert len(published(wallet)) == 1


def test_several_rotations_keep_all_that_is_needed(app: Flask, desk: Desk, wallet: Wallet) -> None:
    cards = []
    for number in range(3):
        cards.append(collected(desk, wallet, f"order-{number}"))
        rotate(app)
    assert len(published(wallet)) == 4
    assert len({wallet.verified(card.credential, BASE)["iss"] for card in cards}) == 1


def test_a_rotation_killed_half_way_leaves_one_key_that_signs(
    app: Flask, desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock
) -> None:
    store: KeyStore = app.extensions["portal.issuer.keys"]
    (key,) = published(wallet)
    record = {"jwk": key, "retired_at": clock.now().isoformat()}
    directory = settings.instance_dir / "keys" / "issuer"
    (directory / f"retired-{key['kid']}.json").write_text(json.dumps(record))
    assert published(wallet) == [key]
    rotate(app)
    assert [old.kid for old in store.retired()] == [key["kid"]]


def test_a_rotation_destroys_the_old_private_key(app: Flask, wallet: Wallet, settings: Settings) -> None:
    published(wallet)
    directory = settings.instance_dir / "keys" / "issuer"
    secret = json.loads((directory / "current.json").read_text())["d"]
    rotate(app)
    assert not [path for path in directory.iterdir() if secret in path.read_text()]
    assert {path.stat().st_mode & 0o777 for path in directory.glob("*.json")} == {0o600}


def test_a_rotation_is_audited(app: Flask, desk: Desk) -> None:
    new_kid = rotate(app)
    (record,) = desk.audited(Event.ISSUER_KEY_ROTATED)
    assert (record.actor, record.subject) == ("command line", new_kid)


def test_the_keys_are_listed(app: Flask, wallet: Wallet, clock: MovingClock) -> None:
    (first,) = published(wallet)
    second = rotate(app)
    lines = app.test_cli_runner().invoke(args=["issuer", "keys"]).output.splitlines()
    assert lines == [f"{second}  signs", f"{first['kid']}  verifies, retired 2026-11-20 11:00 UTC"]
    clock.move(days=3)
    lines = app.test_cli_runner().invoke(args=["issuer", "keys"]).output.splitlines()
    assert lines[1].startswith(f"{first['kid']}  no longer published")


def test_without_a_place_for_the_key_the_start_fails(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("in the way")
    with pytest.raises(OSError, match="keys"):
        KeyStore(tmp_path / "keys")
