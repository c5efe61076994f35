"""Every sentence is there in Polish: none missing, none doubtful, none left over."""

from __future__ import annotations

import re
from functools import cache

import pytest
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg

from portal.settings import ROOT

PO = ROOT / "portal/translations/pl/LC_MESSAGES/messages.po"
OURS = ("portal", "templates")


@cache
def used() -> frozenset[object]:
    """The sentences (pairs, where there is a plural) of code and templates."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = DEFAULT_KEYWORDS | {"_l": None, "lazy_gettext": None}
    found = extract_from_dir(
        ROOT, methods, options, keywords, directory_filter=lambda path: _is_ours(str(path))
    )
    return frozenset(sentence for _, _, sentence, _, _ in found)


def _is_ours(path: str) -> bool:
    return any(path.startswith(str(ROOT / folder)) for folder in OURS)


@cache
def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return pofile.read_po(file)


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def test_there_are_sentences_to_check() -> None:
    assert len(used()) > 100


def test_every_sentence_has_a_polish_translation() -> None:
    translated = {message.id for message in messages() if message.string and all(_forms(message))}
    assert used() - translated == set()


def test_no_translation_is_left_over_or_doubtful() -> None:
    assert {message.id for message in messages()} - used() == set()
    assert [message.id for message in messages() if message.fuzzy] == []
    assert list(catalogue().obsolete) == []


def test_translations_take_the_same_values() -> None:
    for message in messages():
        singular = message.id[0] if isinstance(message.id, tuple) else message.id
        plural = message.id[-1] if isinstance(message.id, tuple) else message.id
        for form in _forms(message):
            assert _places(form) in (_places(singular), _places(plural)), message.id


def test_polish_has_its_three_plural_forms() -> None:
    assert all(len(message.string) == 3 for message in messages() if isinstance(message.id, tuple))


def test_polish_quotes_are_polish() -> None:
    wrong = [form for message in messages() for form in _forms(message) if re.search(r'[“"]', form)]
    assert wrong == []


def test_what_is_compiled_is_what_is_written() -> None:
    """`make translations` compiles; a stale file would show old sentences."""
    compiled_file = PO.with_suffix(".mo")
    if not compiled_file.exists():
        pytest.fail("the catalogue is not compiled: run `make translations`")
    with compiled_file.open("rb") as file:
        compiled = {_key(message): _forms(message) for message in mofile.read_mo(file) if message.id}
    assert compiled == {_key(message): _forms(message) for message in messages()}


def _key(message: Message) -> str:
    return str(message.id[0] if isinstance(message.id, list | tuple) else message.id)


def _forms(message: Message) -> tuple[str, ...]:
    return tuple(message.string) if isinstance(message.string, list | tuple) else (str(message.string),)


def _places(sentence: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]|%%", sentence))
