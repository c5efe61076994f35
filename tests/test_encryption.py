"""Encryption at rest: nothing readable in the file, tampering is noticed, keys change while it runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import LargeBinary, select, text

from portal import create_app
from portal.database import Base, db, write
from portal.encryption import DecryptionError, EncryptedText, Keyring, SealedBytes, keyring
from portal.registry.models import Student
from portal.settings import Settings, SettingsError
from tests.conftest import make_settings
from tests.support.people import make_student

PESEL = "44051401359"
NOT_SECRET_BY_ITSELF = {"photos.jpeg"}
KEYED_HASHES = {"rate_limits.key", "login_failures.key"}
"""They open nothing, and are forgotten within minutes."""
BY_THE_HOLDERS_COOKIE = {"wallets.pin_check", "wallet_cards.sealed", "wallet_errands.sealed"}
"""Sealed with what the portal doesn't have, so no key of its own is to be changed."""


def pesel(app: Flask) -> str | None:
    with app.app_context():
        return db.session.scalars(select(Student.pesel)).one()


def stored(app: Flask) -> bytes:
    with app.app_context(), db.engine.connect() as connection:
        return bytes(connection.execute(text("SELECT pesel FROM students")).scalar_one())


@pytest.fixture
def student(app: Flask) -> int:
    return make_student(app, pesel=PESEL, birth_date=date(1944, 5, 14))


def test_the_database_file_holds_no_pesel(app: Flask, student: int, instance: Path) -> None:
    files = [file for file in instance.iterdir() if file.name.startswith("portal.sqlite")]
    assert files
    assert all(PESEL.encode() not in file.read_bytes() for file in files)
    assert pesel(app) == PESEL


@pytest.mark.usefixtures("student")
def test_a_changed_value_is_noticed(app: Flask) -> None:
    sealed = stored(app)
    with app.app_context(), write() as session:
        session.execute(text("UPDATE students SET pesel = :p"), {"p": sealed[:-4] + b"AAAA"})
    with pytest.raises(DecryptionError):
        pesel(app)


@pytest.mark.usefixtures("student")
def test_rotation_encrypts_everything_anew_and_a_running_server_follows(app: Flask, instance: Path) -> None:
    before = stored(app)
    rotating = create_app(make_settings(instance))
    result = rotating.test_cli_runner().invoke(args=["encryption", "rotate"])
    assert result.exit_code == 0, result.output
    assert "Encrypted anew: 2 values." in result.output  # the student's, and the plastic card's snapshot
    newest, *_ = (instance / "keys" / "encryption").read_text().split()
    assert stored(app) != before
    assert Fernet(newest).decrypt(stored(app)).decode() == PESEL
    assert pesel(app) == PESEL


@pytest.mark.usefixtures("student")
def test_after_a_rotation_a_running_server_writes_with_the_new_key(app: Flask, instance: Path) -> None:
    create_app(make_settings(instance)).test_cli_runner().invoke(args=["encryption", "rotate"])
    newest, *_ = (instance / "keys" / "encryption").read_text().split()
    with app.app_context():
        assert Fernet(newest).decrypt(keyring().encrypt(b"new")) == b"new"


@pytest.mark.usefixtures("student")
def test_a_value_that_no_key_fits_is_named_and_left_alone(app: Flask) -> None:
    with app.app_context(), write() as session:
        session.execute(text("UPDATE students SET pesel = :p"), {"p": b"broken"})
    result = app.test_cli_runner().invoke(args=["encryption", "rotate"])
    assert result.exit_code == 1
    assert "students.pesel: row 1 fits none of the keys." in result.output
    assert stored(app) == b"broken"


@pytest.mark.usefixtures("student")
def test_keys_from_a_setting_encrypt_anew_with_the_first(app: Flask, instance: Path) -> None:
    old = (instance / "keys" / "encryption").read_text().strip()
    new = Fernet.generate_key().decode()
    other = create_app(make_settings(instance, encryption_keys=(new, old)))
    assert other.test_cli_runner().invoke(args=["encryption", "rotate"]).exit_code == 0
    assert Fernet(new).decrypt(stored(other)).decode() == PESEL
    assert (instance / "keys" / "encryption").read_text().strip() == old


def test_the_keys_are_their_owners_alone(settings: Settings) -> None:
    keys = settings.instance_dir / "keys"
    assert keys.stat().st_mode & 0o777 == 0o700
    files = [path for path in keys.rglob("*") if path.is_file()]
    assert {"encryption", "lookup"} <= {path.name for path in files}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


DAMAGED = {"empty": b"", "blank": b" \n", "no text": b"\xff\xfe", "zeros": bytes(64)}


@pytest.mark.parametrize("name", ["encryption", "lookup"])
@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_key_file_stops_the_start_and_is_named(
    settings: Settings, name: str, content: bytes
) -> None:
    path = settings.instance_dir / "keys" / name
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=f"^{path} ") as refused:
        create_app(settings)
    assert "PORTAL_ENCRYPTION_KEYS" not in str(refused.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("keys", [("short",), ("ż" * 44,)])
def test_wrong_keys_from_a_setting_are_the_settings_fault(instance: Path, keys: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match=r"^PORTAL_ENCRYPTION_KEYS must hold"):
        create_app(make_settings(instance, encryption_keys=keys))


def test_a_key_file_that_is_damaged_later_leaves_a_running_server_its_keys(
    app: Flask, instance: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (instance / "keys" / "encryption").write_text("")
    with app.app_context():
        assert keyring().decrypt(keyring().encrypt(b"after")) == b"after"
    (record,) = caplog.records
    assert record.message.startswith("the keys that were read before stay in use: ")


def test_a_keyed_hash_is_of_one_purpose_only() -> None:
    ring = Keyring((Fernet.generate_key().decode(),), "lookup")
    assert ring.fingerprint("x", "offer") == ring.fingerprint("x", "offer")
    assert ring.fingerprint("x", "offer") != ring.fingerprint("x", "pesel")


def test_no_column_of_bytes_is_forgotten(app: Flask) -> None:
    """What `flask encryption rotate` walks is everything but what is named here."""
    plain = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary) and not isinstance(column.type, EncryptedText | SealedBytes)
    }
    assert plain == NOT_SECRET_BY_ITSELF | KEYED_HASHES | BY_THE_HOLDERS_COOKIE
