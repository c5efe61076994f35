"""The registry's words for people: statuses and levels of study in the reader's language."""

from flask_babel import gettext as _

from portal.registry.models import StudentStatus, StudyLevel


def status(code: StudentStatus) -> str:
    words: dict[StudentStatus, str] = {
        StudentStatus.ACTIVE: _("active student"),
        StudentStatus.INACTIVE: _("inactive student"),
        StudentStatus.NONE: _("not a student"),
    }
    return words[code]


def level(code: StudyLevel) -> str:
    words: dict[StudyLevel, str] = {
        StudyLevel.FIRST_CYCLE: _("first-cycle studies"),
        StudyLevel.SECOND_CYCLE: _("second-cycle studies"),
        StudyLevel.LONG_CYCLE: _("long-cycle studies"),
        StudyLevel.DOCTORAL: _("doctoral studies"),
        StudyLevel.POSTGRADUATE: _("postgraduate studies"),
    }
    return words[code]
