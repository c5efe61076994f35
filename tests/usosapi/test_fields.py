"""`fields=a|b[c|d]`: what was asked for comes, and nothing else."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.usosapi.client import anonymous
from tests.usosapi.conftest import Student

METHOD = "/services/apisrv/installation"


def test_an_objects_own_fields_are_chosen(student: Student) -> None:
    phone = student.let_in()
    assert phone.get("cards/user", fields="type|user[last_name]").json() == [
        {"type": "student", "user": {"last_name": "Źródlana"}}
    ]
    phone.post("cards/make_mcard_order")
    told = phone.get("cards/mcard", fields="orders[status|expiration_date]|why_cannot_revoke").json()
    assert told == {
        "orders": [{"status": "waiting", "expiration_date": "2027-03-31"}],
        "why_cannot_revoke": None,
    }


def test_an_object_without_a_choice_comes_with_its_usual_fields(student: Student) -> None:
    (card,) = student.let_in().get("cards/user", fields="user").json()
    assert set(card["user"]) == {"id", "first_name", "last_name"}


def test_an_unknown_field_is_named(app: Flask, student: Student) -> None:
    said = anonymous(app, "GET", METHOD, params={"fields": "base_url|colour"})
    assert (said.status_code, said.json()["error"]) == (400, "field_not_found")
    assert (said.json()["field_name"], said.json()["method_name"]) == (
        "colour",
        "services/apisrv/installation",
    )
    inner = student.let_in().get("cards/user", fields="user[colour]")
    assert inner.json()["field_name"] == "colour"


@pytest.mark.parametrize(
    "selection",
    [
        "base_url[x]",
        "base_url|",
        "|base_url",
        "a||b",
        "base_url]",
        "[base_url]",
        "institution_name[pl",
        "institution_name[]",
        "institution_name[pl]]",
        "institution_name[pl]x",
        "a[b[c[d[e[f[g[h]]]]]]]",
        "a|" * 1500,
    ],
)
def test_a_selection_that_cannot_be_read_is_refused(app: Flask, selection: str) -> None:
    said = anonymous(app, "POST", METHOD, data={"fields": selection})
    assert said.status_code == 400
    assert said.json()["error"] in ("field_invalid", "field_not_found")


def test_spaces_around_names_and_repetitions_do_no_harm(app: Flask) -> None:
    query = {"fields": " schac_id | mcards_support|schac_id"}
    told = anonymous(app, "GET", METHOD, params=query).json()
    assert told == {"schac_id": "example.org", "mcards_support": True}
