"""The forms of this part. Password managers find their way by `autocomplete`; pasting is allowed."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired

from portal.accounts import rules

_NAME = {"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
_NEW = {"autocomplete": "new-password", "maxlength": 2 * rules.LONGEST}


def _printable(typed: str | None) -> str:
    """What can stand in the form again: control characters may not stand in HTML at all."""
    return "".join(character for character in typed or "" if character.isprintable())


class LoginForm(FlaskForm):  # type: ignore[misc]
    login = StringField(
        _l("Album number or user name"),
        validators=[InputRequired(_l("Enter your album number or user name."))],
        filters=[_printable],
        render_kw=_NAME,
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(_l("Enter your password."))],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """Whose password it is stands beside it, so that a password manager keeps the right name."""

    login = StringField(_l("Album number or user name"), render_kw={**_NAME, "readonly": True})
    password = PasswordField(
        _l("New password"), validators=[InputRequired(_l("Enter a new password."))], render_kw=_NEW
    )
    repeated = PasswordField(
        _l("New password again"),
        validators=[
            InputRequired(_l("Enter the new password again.")),
            EqualTo("password", _l("The two passwords differ.")),
        ],
        render_kw=_NEW,
    )


class ChangePasswordForm(NewPasswordForm):
    current = PasswordField(
        _l("Current password"),
        validators=[InputRequired(_l("Enter your current password."))],
        render_kw={"autocomplete": "current-password"},
    )


class NotificationsForm(FlaskForm):  # type: ignore[misc]
    wanted = BooleanField(_l("Send me e-mails about my mLegitymacja"))
