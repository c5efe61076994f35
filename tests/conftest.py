"""What every test may ask for: settings, a clock that only moves when told, the application, people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade

from portal import create_app
from portal.database import db
from portal.logs import OneLine
from portal.settings import AccessibilityStatement, Settings
from tests.support import made_once
from tests.support.nu import NuChecker
from tests.support.pages import CheckedClient, make_client
from tests.support.postgres import Cluster

# A Friday at noon in Warsaw, in the winter semester.
START = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
ON_BOTH_DATABASES = ("orders", "issuer", "registry")


made_once.arrange()


class MovingClock:
    """Time stands still until a test moves it."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant

    def move(self, **span: float) -> None:
        self.instant += timedelta(**span)


def make_settings(instance: Path, **changes: object) -> Settings:
    return replace(
        Settings(
            base_url="https://legitymacja.example.org",
            secret_key="test " * 10,
            wallet_name="mObywatel (zastępczy)",
            university_pl="Politechnika Próbna",
            university_en="Trial University of Technology",
            university_short="PPr",
            home_organisation="example.org",
            instance_dir=instance,
            issuance_thread=False,
            privacy_contact="iod@example.org",
            accessibility=AccessibilityStatement(
                contact_name="Anna Pomocna",
                email="dostepnosc@example.org",
                phone="+48 85 000 00 00",
                published=date(2026, 11, 2),
                updated=date(2026, 11, 3),
                prepared=date(2026, 11, 1),
            ),
        ),
        **changes,
    )


@pytest.fixture(scope="session")
def empty_instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance directory with keys and an empty database; copied for each test, which is faster."""
    instance = tmp_path_factory.mktemp("empty") / "instance"
    app = create_app(make_settings(instance))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return instance


@pytest.fixture
def instance(empty_instance: Path, tmp_path: Path) -> Path:
    shutil.copytree(empty_instance, tmp_path / "instance")
    return tmp_path / "instance"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL for the tests of this process."""
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture(scope="session")
def empty_database(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a migrated PostgreSQL database without a row."""
    name = postgres.create()
    instance = tmp_path_factory.mktemp("template") / "instance"
    app = create_app(make_settings(instance, database_url=postgres.url(name)))
    with app.app_context():
        upgrade()
        db.engine.dispose()
    return name


@pytest.fixture
def postgres_url(postgres: Cluster, empty_database: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this test's own, as `PORTAL_DATABASE_URL`."""
    name = postgres.create(empty_database)
    yield postgres.url(name)
    postgres.drop(name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What stands in these folders has to hold on both databases."""
    folder = metafunc.definition.path.relative_to(Path(__file__).parent).parts[0]
    if folder in ON_BOTH_DATABASES and "database_url" in metafunc.fixturenames:
        kinds = ["sqlite"] if metafunc.definition.get_closest_marker("sqlite") else ["sqlite", "postgresql"]
        metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """As `Settings.database_url`; empty: SQLite in the instance directory."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def settings(instance: Path, database_url: str) -> Settings:
    return make_settings(instance, database_url=database_url)


@pytest.fixture
def app(settings: Settings, clock: MovingClock) -> Iterator[Flask]:
    app = create_app(settings, time=clock)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def failing_on_purpose() -> None:
    """Asked for by a test that makes the portal fail; in any other an error of the portal fails the test."""


@pytest.fixture(autouse=True)
def no_hidden_failure(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """An error page hides what went wrong; the log does not."""
    yield
    if "failing_on_purpose" not in request.fixturenames:
        records = (*caplog.get_records("setup"), *caplog.get_records("call"))
        assert not [OneLine().format(record) for record in records if record.name.startswith("portal.web")]


@pytest.fixture(scope="session")
def nu_checker() -> Iterator[NuChecker]:
    checker = NuChecker()
    yield checker
    checker.close()


@pytest.fixture
def client(app: Flask, nu_checker: NuChecker) -> CheckedClient:
    """A browser without scripts; every page it fetches is checked (tests/support/pages.py)."""
    return make_client(app, nu_checker)


@pytest.fixture
def second_client(app: Flask, nu_checker: NuChecker) -> CheckedClient:
    """Somebody else's browser."""
    return make_client(app, nu_checker)
