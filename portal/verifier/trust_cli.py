"""`flask verifier trust …`: the other universities whose cards count here."""

from __future__ import annotations

from urllib.parse import urlsplit

import click
from flask.cli import AppGroup
from flask_babel import force_locale, format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.audit import COMMAND_LINE
from portal.language import language_option
from portal.verifier import outside, trust
from portal.verifier.trust import Found, NotTrustworthy, Problem

WORDS = {
    Problem.OWN: _l("This portal's own cards always count."),
    Problem.NO_ADDRESS: _l("An issuer's address is like https://card.example.edu."),
    Problem.NO_HTTPS: _l("The address must begin with https."),
    Problem.NO_DOCUMENT: _l("No /.well-known/jwt-vc-issuer of this very issuer can be had there."),
    Problem.NO_KEYS: _l("The issuer publishes no key that is understood here (ES256, P-256)."),
    Problem.NO_TYPES: _l("The issuer names no type of card (dc+sd-jwt). Name it with --vct."),
}

group = AppGroup("trust", help="The other universities whose cards count here.")


@group.command("add")
@click.argument("url")
@click.option(
    "--vct", "vcts", multiple=True, help="The type of card that counts; may be given several times."
)
@language_option
def add(url: str, vcts: tuple[str, ...], language: str) -> None:
    """Let the cards of the issuer at URL count from now on; the issuer is asked who it is.

    Without --vct every type of card counts that the issuer offers now.
    """
    with force_locale(language):
        try:
            found = trust.look_at(url, vcts, outside.http_for(urlsplit(url).netloc))
        except (NotTrustworthy, ValueError) as error:
            problem = error.problem if isinstance(error, NotTrustworthy) else Problem.NO_ADDRESS
            raise click.ClickException(str(WORDS[problem])) from error
        trust.add(found, COMMAND_LINE)
        _tell(found, language)


def _tell(found: Found, language: str) -> None:
    click.echo(_("Trusted from now on: %(url)s", url=found.url))
    if found.names:
        click.echo(f"{_('Name')}: {found.names[language]}")
    for kid in found.kids:
        click.echo(f"{_('Key')}: {kid}")
    for vct in found.vcts:
        click.echo(f"{_('Type of card')}: {vct}")


@group.command("list")
@language_option
def list_trusted(language: str) -> None:
    """List the issuers that are trusted beside our own, since when, and their types of card."""
    with force_locale(language):
        for issuer in trust.all_of_them():
            since = format_datetime(issuer.added_at)
            click.echo(f"{issuer.url}\t{issuer.names.get(language, '–')}\t{since}\t{' '.join(issuer.vcts)}")


@group.command("remove")
@click.argument("url")
@language_option
def remove(url: str, language: str) -> None:
    """Let the cards of the issuer at URL count no more, at once."""
    with force_locale(language):
        if not trust.remove(url, COMMAND_LINE):
            raise click.ClickException(_("This issuer was not trusted."))
        click.echo(_("Trusted no more: %(url)s", url=url))
