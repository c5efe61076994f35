"""A key that cards need and that is not here: nothing is signed without it, and doctor says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.settings import Settings
from tests.conftest import MovingClock, make_settings
from tests.issuer.conftest import Desk, running
from tests.support.wallet import FlaskHttp, HeldCard, Refused, Wallet, parts_of

BASE = "https://legitymacja.example.org"
KEYS = f"{BASE}/.well-known/jwt-vc-issuer"


def keys_of(settings: Settings) -> Path:
    return settings.instance_dir / "keys" / "issuer"


def run(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=words)
    return result.exit_code, result.output


def told(app: Flask, check: str) -> str:
    """What doctor says of this, with what to do."""
    lines = run(app, "doctor", "--quick")[1].splitlines()
    return "\n".join(
        line + (lines[at + 1] if line.startswith("problem") else "")
        for at, line in enumerate(lines)
        if f" {check}:" in line
    )


def readiness(app: Flask) -> tuple[int, str]:
    answer = app.test_client().get("/healthz/ready")
    return answer.status_code, answer.json["checks"]["issuer's key"]["detail"]


def kid_of(card: HeldCard) -> str:
    kid: str = parts_of(card.credential)[0]["kid"]
    return kid


def phone(app: Flask, clock: MovingClock) -> Wallet:
    return Wallet(FlaskHttp(app), clock=lambda: clock.now().timestamp())


@pytest.fixture
def restarted(card: HeldCard, settings: Settings, clock: MovingClock) -> Iterator[Flask]:
    """After the key of a collected card was lost."""
    (keys_of(settings) / "current.json").unlink()
    with running(settings, clock) as app:
        yield app


@pytest.fixture
def second(card: HeldCard, settings: Settings, clock: MovingClock, tmp_path: Path) -> Iterator[Flask]:
    """Another machine on the same database, to which the keys were copied without their directories."""
    keys = tmp_path / "second" / "keys"
    keys.mkdir(parents=True)
    for name in ("encryption", "lookup"):
        shutil.copy(settings.instance_dir / "keys" / name, keys)
    with running(make_settings(keys.parent, database_url=settings.database), clock) as app:
        yield app


def test_a_lost_key_is_not_replaced(
    restarted: Flask, desk: Desk, settings: Settings, clock: MovingClock
) -> None:
    offer = desk.prepare("order-2")
    run(restarted, "doctor", "--quick")
    with pytest.raises(Refused, match=r"503: .*temporarily_unavailable"):
        phone(restarted, clock).collect(offer.uri, offer.activation_code)
    assert list(keys_of(settings).glob("*.json")) == []


def test_doctor_names_the_key_that_was_lost(restarted: Flask, card: HeldCard) -> None:
    said = told(restarted, "keys of cards")
    assert f"{kid_of(card)} (1 cards)" in said
    assert "from another machine or a backup" in said


def test_a_process_without_its_key_is_not_ready(restarted: Flask, card: HeldCard) -> None:
    status, said = readiness(restarted)
    assert status == 503
    assert kid_of(card) in said


def test_verifiers_are_told_to_ask_again_rather_than_of_no_key(restarted: Flask) -> None:
    assert restarted.test_client().get(KEYS, base_url=BASE).status_code == 503


def test_a_key_that_comes_back_is_used_at_once(
    card: HeldCard, app: Flask, wallet: Wallet, settings: Settings
) -> None:
    key = keys_of(settings) / "current.json"
    key.rename(key.with_name("aside"))
    assert readiness(app)[0] == 503
    key.with_name("aside").rename(key)
    assert readiness(app)[0] == 200
    assert kid_of(wallet.refresh(card)) == kid_of(card)


def test_a_machine_without_the_others_key_signs_nothing(
    second: Flask, card: HeldCard, wallet: Wallet, desk: Desk, clock: MovingClock
) -> None:
    assert readiness(second)[0] == 503
    assert kid_of(card) in told(second, "keys of cards")
    offer = desk.prepare("order-2")
    with pytest.raises(Refused, match="503"):
        phone(second, clock).collect(offer.uri, offer.activation_code)
    assert kid_of(wallet.refresh(card)) == kid_of(card)


def test_nor_does_one_that_had_made_a_key_of_its_own(
    desk: Desk, wallet: Wallet, settings: Settings, clock: MovingClock, tmp_path: Path
) -> None:
    shutil.copytree(settings.instance_dir / "keys", tmp_path / "second" / "keys")
    with running(make_settings(tmp_path / "second", database_url=settings.database), clock) as second:
        assert second.test_client().get(KEYS, base_url=BASE).status_code == 200
        offer = desk.prepare()
        wallet.collect(offer.uri, offer.activation_code)
        assert second.test_client().get(KEYS, base_url=BASE).status_code == 503


def test_two_machines_that_signed_with_a_key_each_are_brought_together(
    second: Flask, card: HeldCard, desk: Desk, settings: Settings, clock: MovingClock
) -> None:
    ours, theirs = keys_of(settings), keys_of(second.extensions["portal.settings"])
    (ours / "current.json").rename(ours / "aside")
    run(second, "issuer", "give-up", kid_of(card))  # so that it signs, as machines once did
    offer = desk.prepare("order-2")
    phone(second, clock).collect(offer.uri, offer.activation_code)
    (ours / "aside").rename(ours / "current.json")
    assert readiness(desk.app)[0] == 503
    assert run(second, "issuer", "rotate-key")[0] == 0
    for path in theirs.glob("retired-*.json"):
        shutil.copy(path, ours)
    shutil.copytree(ours, theirs, dirs_exist_ok=True)
    assert [readiness(machine)[0] for machine in (desk.app, second)] == [200, 200]


def test_a_rotated_key_is_not_lost(app: Flask, card: HeldCard) -> None:
    run(app, "issuer", "rotate-key")
    assert readiness(app)[0] == 200
    assert told(app, "keys of cards").startswith("ok ")


def test_a_lost_key_is_of_no_importance_once_its_cards_are_revoked(
    restarted: Flask, desk: Desk, card: HeldCard
) -> None:
    desk.revoke()
    assert readiness(restarted)[0] == 200
    assert restarted.test_client().get(KEYS, base_url=BASE).status_code == 200


def test_nor_once_they_are_over(restarted: Flask, clock: MovingClock) -> None:
    clock.move(days=200)
    assert told(restarted, "keys of cards").startswith("ok ")


def test_a_key_that_was_given_up_holds_nothing_up(
    restarted: Flask, desk: Desk, card: HeldCard, clock: MovingClock
) -> None:
    assert run(restarted, "issuer", "give-up", kid_of(card))[0] == 0
    offer = desk.prepare("order-2")
    assert kid_of(phone(restarted, clock).collect(offer.uri, offer.activation_code)) != kid_of(card)
    said = told(restarted, "keys of cards")
    assert "order-1" in said
    assert "flask orders revoke" in said


def test_only_a_key_that_is_missing_can_be_given_up(app: Flask, card: HeldCard, settings: Settings) -> None:
    for kid in (kid_of(card), "-begins-with-a-dash"):
        code, said = run(app, "issuer", "give-up", kid)
        assert code == 1
        assert f"{kid} is not missing" in said
    assert len(list(keys_of(settings).iterdir())) == 1


@pytest.mark.sqlite
@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kty": "RSA", "n": "AQAB", "e": "AQAB"}', "\xff"])
def test_a_damaged_key_is_named_and_left_alone(
    app: Flask, card: HeldCard, settings: Settings, content: str
) -> None:
    path = keys_of(settings) / "current.json"
    path.write_text(content, encoding="latin-1")
    assert f"{path} holds no signing key" in told(app, "issuer's key")
    assert readiness(app)[0] == 503
    assert app.test_client().get(KEYS, base_url=BASE).status_code == 503
    assert path.read_text(encoding="latin-1") == content


@pytest.mark.sqlite
@pytest.mark.parametrize("content", ["", "{}", '{"jwk": [], "retired_at": "never"}'])
def test_a_damaged_key_of_former_times_is_named(
    app: Flask, card: HeldCard, settings: Settings, content: str
) -> None:
    run(app, "issuer", "rotate-key")
    path = keys_of(settings) / f"retired-{kid_of(card)}.json"
    path.write_text(content)
    assert f"{path} holds no former signing key" in told(app, "issuer's key")
    assert readiness(app) == (503, f"{path} holds no former signing key; flask doctor says what to do")
    assert app.test_client().get(KEYS, base_url=BASE).status_code == 503
    code, said = run(app, "issuer", "keys")
    assert code == 1
    assert "holds no former signing key" in said
