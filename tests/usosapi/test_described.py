"""The methods describe themselves, and the documentation leaves none out."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from portal.settings import ROOT
from portal.usosapi.fields import Fields
from portal.usosapi.methods import every
from tests.usosapi.client import BASE, anonymous

DOCUMENTED = (ROOT / "docs" / "usosapi.md").read_text()


def names(fields: Fields) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from names(field.inner)


def test_every_method_and_field_is_documented() -> None:
    for method in every():
        module, _, short = method.name.rpartition("/")
        assert f"`{short}`" in DOCUMENTED or method.name in DOCUMENTED, method.name
        assert module in DOCUMENTED, method.name
        assert [name for name in names(method.fields) if f"`{name}`" not in DOCUMENTED] == [], method.name
        assert [one.name for one in method.arguments if f"`{one.name}`" not in DOCUMENTED] == [], method.name


def test_the_description_has_every_address_of_a_method(app: Flask) -> None:
    told = anonymous(app, "GET", "/services/openapi.json").json()
    assert (told["openapi"], told["servers"]) == ("3.1.0", [{"url": BASE}])
    served = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/services/") and "/oauth/" not in rule.rule
    }
    assert set(told["paths"]) == served - {"/services/openapi.json"}
    assert all(set(path) == {"get", "post"} for path in told["paths"].values())


def test_what_needs_a_signature_says_so(app: Flask) -> None:
    paths = anonymous(app, "GET", "/services/openapi.json").json()["paths"]
    for method in every():
        asked = {
            verb: anonymous(app, verb, method.path, params={"name": "services"}) for verb in ("GET", "POST")
        }
        for verb, answer in asked.items():
            signed = bool(paths[method.path][verb.lower()]["security"])
            assert (answer.status_code == 401) == signed == method.signed, method.name


def test_a_client_may_list_and_read_about_the_methods(app: Flask) -> None:
    index = anonymous(app, "GET", "/services/apiref/method_index").json()
    assert [one["name"] for one in index] == [method.name for method in every()]
    modules = anonymous(app, "GET", "/services/apiref/module", params={"name": "services"}).json()
    for module in modules["submodules"]:
        told = anonymous(app, "GET", "/services/apiref/module", params={"name": module}).json()
        for name in told["methods"]:
            query = {"name": name, "fields": "name|auth_options|arguments|result_fields"}
            assert anonymous(app, "GET", "/services/apiref/method", params=query).json()["name"] == name


def test_an_unknown_method_or_module_is_not_found(app: Flask) -> None:
    for kind in ("method", "module"):
        answer = anonymous(app, "GET", f"/services/apiref/{kind}", params={"name": "services/grades"})
        assert (answer.status_code, answer.json()["error"]) == (404, "object_not_found")
        wrong = anonymous(app, "GET", f"/services/apiref/{kind}", params={"name": "grades"})
        assert (wrong.status_code, wrong.json()["error"]) == (400, "param_invalid")
