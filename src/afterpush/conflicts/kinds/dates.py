"""Dates as people write them in documents."""

import re

_MONTHS = {
    name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)
}
_NAMES = "|".join(_MONTHS)
DATE = re.compile(
    r"(?<![\d-])(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:[T ](?P<time>\d{1,2}:\d{2}(?::\d{2})?))?(?:Z|[ ]?UTC)?(?!\d)"
    rf"|\b(?P<month>(?:{_NAMES})[a-z]*)\.? (?P<day>\d{{1,2}})"
    r"(?:[-–](?P<until>\d{1,2}))?(?:st|nd|rd|th)?,? (?P<year>\d{4})\b"
    rf"|\b(?P<day2>\d{{1,2}}) (?P<month2>(?:{_NAMES})[a-z]*)\.? (?P<year2>\d{{4}})\b"
    rf"|\b(?P<month3>(?:{_NAMES})[a-z]*)\.? (?P<year3>\d{{4}})\b",
    re.I,
)
Moment = tuple[int, int, int, str]


def moment_of(text: str) -> Moment | None:
    """The first date in a text, for comparison; None without one."""
    found = DATE.search(text)
    return _moment(found) if found else None


def _moment(found: re.Match[str]) -> Moment:
    part = found.groupdict()
    if part["y"]:
        time = part["time"] or ""
        return int(part["y"]), int(part["m"]), int(part["d"]), time.zfill(5) if time else ""
    month = part["month"] or part["month2"] or part["month3"]
    day = part["until"] or part["day"] or part["day2"] or "0"
    year = part["year"] or part["year2"] or part["year3"]
    return int(year), _MONTHS[month[:3].lower()], int(day), ""


def is_date(text: str) -> bool:
    """Whether a value is a date and nothing else."""
    return DATE.fullmatch(text.strip().strip("*_`()")) is not None


def without_dates(text: str) -> str:
    """The text with every date as one and the same sign."""
    return DATE.sub("\0", text)


def later(one: str, other: str) -> str | None:
    """The text with the later date; of equal ones the greater text. None when one has no date."""
    first, second = moment_of(one), moment_of(other)
    if first is None or second is None:
        return None
    return max((first, one), (second, other))[1]


def with_latest_dates(one: str, other: str) -> str | None:
    """Two texts that differ only in dates as one with the later of each; None when more differs."""
    if without_dates(one) != without_dates(other):
        return None
    others = iter(DATE.finditer(other))

    def latest(found: re.Match[str]) -> str:
        second = next(others)
        return max((_moment(found), found[0]), (_moment(second), second[0]))[1]

    return DATE.sub(latest, one)
