"""`flask verifier …`: a card checked by a script or a gate, and what the verifier is and has done."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import force_locale, format_date, format_datetime
from flask_babel import gettext as _

from portal import clock
from portal.gate import Busy
from portal.language import language_option
from portal.vc.sdjwt import Question
from portal.verifier import checking, counting, keys, trust_cli, words
from portal.verifier.authorities import valid_through
from portal.verifier.checking import Outcome, Reason, Verdict
from portal.verifier.presets import Preset

LARGEST = 2**20
"""Bytes of a file that is read."""
EXIT_CODES = {Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.UNCONFIRMED: 3}
SHOWN_COUNTS = 100

group = AppGroup("verifier", help="Checking cards, and whose cards count.")
group.add_command(trust_cli.group)


@group.command("check")
@click.argument("file", type=click.File("rb"))
@click.option("--nonce", help="The nonce that the holder's app was asked with.")
@click.option("--audience", help="Who asked: the client identifier in the holder's answer.")
@click.option("--without-holder", is_flag=True, help="Check the card alone, whoever shows it.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@language_option
def check(file: Any, nonce: str | None, audience: str | None, **options: Any) -> None:
    """Check the card in FILE (an SD-JWT, or with a holder's answer an SD-JWT+KB); - reads standard input.

    Ends with 0 where it is valid, 1 where it is not, 3 where that could not be confirmed (then never let
    anybody in), and 2 where the command itself is wrong.
    """
    question = _question(nonce, audience, without_holder=options["without_holder"])
    text = file.read(LARGEST + 1)[:LARGEST].decode("utf-8", "replace")
    try:
        outcome = checking.check(text, question, (), clock.now())
    except Busy:
        outcome = Outcome(Verdict.UNCONFIRMED, Reason.LIST_UNREACHABLE)
    if options["as_json"]:
        click.echo(json.dumps(_as_json(outcome), ensure_ascii=False))
    else:
        with force_locale(options["language"]):
            _tell(outcome, options["language"])
    sys.exit(EXIT_CODES[outcome.verdict])


def _question(nonce: str | None, audience: str | None, *, without_holder: bool) -> Question | None:
    """Nobody leaves the holder unchecked by forgetting an option."""
    if nonce and audience and not without_holder:
        return Question(audience, nonce)
    if without_holder and not nonce and not audience:
        return None
    raise click.UsageError("Give both --nonce and --audience, or --without-holder alone.")


def _as_json(outcome: Outcome) -> dict[str, object]:
    ends = outcome.expires_at
    return {
        "verdict": outcome.verdict,
        "reason": outcome.reason,
        "issuer": outcome.issuer,
        "vct": outcome.vct,
        "valid_until": valid_through(ends).date().isoformat() if ends else None,
        "claims": dict(outcome.claims),
    }


def _tell(outcome: Outcome, language: str) -> None:
    said = words.SHORT[outcome.verdict]
    click.echo(f"{said}. {words.REASON[outcome.reason]}" if outcome.reason else str(said))
    if outcome.issuer is None:
        return
    lines = [(_("University"), f"{outcome.names.get(language, '')} ({outcome.issuer})")]
    if outcome.expires_at:
        lines.append((_("Valid until"), format_date(valid_through(outcome.expires_at).date())))
    for label, value in lines:
        click.echo(f"{label}: {value}")


@group.command("certificate")
@language_option
def certificate(language: str) -> None:
    """Print the certificate that the verifier's requests are signed with: wallets may ask who that is."""
    me = keys.identity()
    with force_locale(language):
        lines = [
            (_("Subject"), me.leaf.subject.rfc4514_string()),
            (_("Issuer"), me.leaf.issuer.rfc4514_string()),
            (_("Valid from"), format_datetime(me.leaf.not_valid_before_utc)),
            (_("Ends on"), format_datetime(me.leaf.not_valid_after_utc)),
            ("SHA-256", me.digest.hex()),
            ("client_id", me.client_id),
            (_("Certificates in the chain"), str(len(me.chain))),
        ]
        for label, value in lines:
            click.echo(f"{label}: {value}")
        if me.leaf.not_valid_after_utc - clock.now() < keys.REMADE_BEFORE_END:
            click.echo(_("It ends soon: put a new one in its place."), err=True)


@group.command("counts")
@language_option
def counts(language: str) -> None:
    """Print how many checks ended how on each of the last days: nothing else is kept of them."""
    with force_locale(language):
        for row in counting.latest(SHOWN_COUNTS):
            preset = words.PRESET[Preset(row.preset)]
            click.echo(f"{row.day.isoformat()}\t{preset}\t{words.counted(row.verdict)}\t{row.count}")
