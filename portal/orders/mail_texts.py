"""What the mails say: subject and plain text, in the student's language. No codes, names, dates or reasons.

A mail may be read by others on its way and afterwards; all that it tells is that there is news in the portal.
"""

from __future__ import annotations

from enum import StrEnum

from flask_babel import force_locale
from flask_babel import gettext as _

from portal.language import LANGUAGES, university
from portal.settings import settings
from portal.smtp import Letter

# Where the pages are; the domain knows none of them, and a test asks the URL map.
CARD_PAGE = "/dla-studentow/mlegitymacja"
CHOICE_PAGE = "/konto/powiadomienia"
_NEXT_LANGUAGE = "\n\n" + "* " * 20 + "\n\n"


class Kind(StrEnum):
    CARD_READY = "card_ready"
    CARD_REVOKED = "card_revoked"
    EXTENSION_DUE = "extension_due"


def letter(key: str, kind: Kind, to: str, language: str | None) -> Letter:
    """The mail of this kind; in Polish and then in English where the student has never chosen a language."""
    languages = (language,) if language in LANGUAGES else LANGUAGES
    subjects, texts, names = [], [], []
    for one in languages:
        with force_locale(one):
            subject, lines = _words(kind)
            subjects.append(subject)
            texts.append("\n\n".join((*lines, _end())))
            names.append(university())
    return Letter(key, to, names[0], " / ".join(subjects), _NEXT_LANGUAGE.join(texts) + "\n", languages)


def _words(kind: Kind) -> tuple[str, tuple[str, ...]]:
    """Subject and paragraphs."""
    link = settings().base_url + CARD_PAGE
    if kind == Kind.CARD_READY:
        return _("Your mLegitymacja is ready to collect"), (
            _(
                "Your mLegitymacja is ready. Log in to the portal and add it to the app %(wallet)s:",
                wallet=settings().wallet_name,
            ),
            link,
        )
    if kind == Kind.CARD_REVOKED:
        return _("Your mLegitymacja was revoked"), (
            _("Your mLegitymacja was revoked. The portal tells you why, and what you can do next:"),
            link,
            _(
                "If you revoked it yourself, there is nothing to do. If you know nothing of it, change your "
                "password in the portal and tell the student office (dziekanat)."
            ),
        )
    return _("Your mLegitymacja needs extending"), (
        _due(),
        link,
        _("If your studies end, ignore this message."),
    )


def _due() -> str:
    if settings().policy == "classic":
        due = _(
            "Your mLegitymacja needs extending, or it stops being valid on its last day. Once your plastic "
            "card (ELS) has been extended, one press in the portal is enough. There you also see the dates:"
        )
    else:
        due = _(
            "Your mLegitymacja needs extending, or it stops being valid on its last day. One press in the "
            "portal is enough. There you also see the dates:"
        )
    return str(due)


def _end() -> str:
    sent = _("This message was sent automatically by the mLegitymacja portal. Please do not answer it.")
    link = settings().base_url + CHOICE_PAGE
    off = _("If you want no such messages, turn them off here: %(link)s", link=link)
    return f"{sent}\n{off}\n\n{university()}"
