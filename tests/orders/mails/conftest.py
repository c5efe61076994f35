"""A portal with a mail server, and a student who can get mails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal.settings import Settings
from tests.conftest import make_settings
from tests.orders.mails.mailing import reachable
from tests.support.post_office import PostOffice, opened


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    with opened() as office:
        yield office


@pytest.fixture
def settings(instance: Path, post_office: PostOffice) -> Settings:
    return make_settings(instance, mail=post_office.settings())


@pytest.fixture
def student_id(app: Flask, student_id: int) -> int:
    reachable(app, student_id)
    return student_id
