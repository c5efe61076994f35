"""The wallet's forms. PINs and codes are never put back into a page; pasting is allowed."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import EqualTo, InputRequired, Regexp

from portal.wallet.openid.offers import CodeWanted
from portal.wallet.openid.reading import LONGEST as LONGEST_TEXT
from portal.wallet.pin import LONGEST, SHORTEST

_DIGITS = {"inputmode": "numeric", "maxlength": LONGEST, "pattern": f"[0-9]{{{SHORTEST},{LONGEST}}}"}


def printable(typed: str | None) -> str:
    """A code's text without what no code holds: broken lines are joined, spaces at the ends dropped."""
    return "".join(character for character in typed or "" if character.isprintable()).strip()


def digits(typed: str | None) -> str:
    """A code as it was meant, where somebody typed it in groups."""
    return "".join((typed or "").split())


class UnlockForm(FlaskForm):  # type: ignore[misc]
    """`dalej` and `text` hold where the holder was going, and what was handed over, past the PIN."""

    pin = PasswordField(
        _l("PIN"),
        validators=[InputRequired(_l("Enter your PIN."))],
        render_kw={**_DIGITS, "autocomplete": "current-password"},
    )
    dalej = HiddenField()
    text = HiddenField(filters=[printable])


class SetUpForm(FlaskForm):  # type: ignore[misc]
    pin = PasswordField(
        _l("New PIN"),
        validators=[
            InputRequired(_l("Choose a PIN.")),
            Regexp(
                f"^[0-9]{{{SHORTEST},{LONGEST}}}\\Z", message=_l("A PIN has 4 to 8 digits and nothing else.")
            ),
        ],
        render_kw={**_DIGITS, "autocomplete": "new-password"},
    )
    repeated = PasswordField(
        _l("New PIN again"),
        validators=[
            InputRequired(_l("Enter the PIN again.")),
            EqualTo("pin", _l("The two PINs differ.")),
        ],
        render_kw={**_DIGITS, "autocomplete": "new-password"},
    )
    dalej = HiddenField()
    text = HiddenField(filters=[printable])


class TermsForm(FlaskForm):  # type: ignore[misc]
    accepted = BooleanField(
        _l("I accept these terms"),
        validators=[InputRequired(_l("Without accepting the terms you can't go on."))],
    )


class ScanForm(FlaskForm):  # type: ignore[misc]
    """One of the two, as the chosen way has it."""

    text = TextAreaField(
        _l("Text of the code"),
        filters=[printable],
        render_kw={
            "rows": 4,
            "maxlength": LONGEST_TEXT,
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
        },
    )
    picture = FileField(
        _l("Picture with the QR code"), render_kw={"accept": "image/jpeg,image/png,image/webp"}
    )


class ActivationForm(FlaskForm):  # type: ignore[misc]
    code = StringField(_l("Activation code"), filters=[digits], render_kw={"autocomplete": "one-time-code"})

    def suits(self, wanted: CodeWanted | None) -> bool:
        """Whether this can be the code at all: what can't be must not use up a try."""
        if wanted is None:
            return True
        objection = _objection(self.code.data, wanted)
        self.code.errors = [objection] if objection else []
        return objection is None


def _objection(typed: str, wanted: CodeWanted) -> str | None:
    if not typed:
        return str(_("Enter the activation code."))
    if wanted.numeric and not (typed.isascii() and typed.isdigit()):
        return str(_("The activation code has digits only."))
    if wanted.length is not None and len(typed) != wanted.length:
        return str(
            ngettext(
                "The activation code has %(num)d character.",
                "The activation code has %(num)d characters.",
                wanted.length,
            )
        )
    return None
