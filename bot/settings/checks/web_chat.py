"""The web chat's sites: colours that can be read, texts in every language, greetings that come."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import Fault
from bot.settings.colours import GRAPHICS, PANELS, TEXT, Scheme, accents, contrast

if TYPE_CHECKING:
    from bot.settings.checks.report import Report
    from bot.settings.model import Consent, Greeting, Look, Site
    from bot.settings.settings import Settings

    Step = str | int

_GLOB = re.compile(r"[/*][^\s?#]*")

_SCHEMES: dict[str, tuple[Scheme, ...]] = {
    "auto": ("light", "dark"),
    "light": ("light",),
    "dark": ("dark",),
}


def check(settings: Settings, report: Report) -> None:
    """Check the sites and the pictures."""
    shown = set()
    for name, site in settings.general.web_chat.sites.items():
        place = ("general", "web_chat", "sites", name)
        _check_site(report, site, place)
        if site.look.avatar is not None:
            shown.add(site.look.avatar)
            where = (*place, "look", "avatar")
            report.unknown("CFG122", "picture", site.look.avatar, settings.pictures, *where)
    for name, picture in settings.pictures.items():
        if name not in shown:
            message = f"nobody shows the picture '{name}'"
            report.faults.append(Fault(path=picture.path, line=1, code="CFG122", message=message))


def _check_site(report: Report, site: Site, place: tuple[Step, ...]) -> None:
    _check_look(report, site.look, (*place, "look"))
    if site.consent is not None:
        _check_consent(report, site.consent, (*place, "consent"))
    seen: set[str] = set()
    for index, greeting in enumerate(site.greetings):
        where = (*place, "greetings", index)
        if greeting.id in seen:
            report.fault("CFG124", f"the greeting '{greeting.id}' stands here twice", *where, "id")
        seen.add(greeting.id)
        _check_greeting(report, greeting, where)


def _check_look(report: Report, look: Look, place: tuple[Step, ...]) -> None:
    for part in ("launcher", "title", "greeting"):
        texts = getattr(look, part)
        if texts is not None:
            report.languages(f"the {part}", texts, *place, part)
    for scheme in _SCHEMES[look.theme]:
        accent, on_accent = accents(look)[scheme]
        where = (*place, "dark") if scheme == "dark" and look.dark else place
        ratio = contrast(on_accent, accent)
        if ratio < TEXT:
            message = f"on_accent {on_accent} on accent {accent} has a contrast of {_cut(ratio)}"
            report.fault("CFG120", f"{message}; {TEXT} can be read", *where, "on_accent")
        ratio = contrast(accent, PANELS[scheme])
        if ratio < GRAPHICS:
            message = f"accent {accent} on the {scheme} chat has a contrast of {_cut(ratio)}"
            report.fault("CFG120", f"{message}; {GRAPHICS} can be seen", *where, "accent")


def _cut(ratio: float) -> float:
    """Return the ratio as it is shown: cut off, since 4.49 is not 4.5."""
    return int(ratio * 100) / 100


def _check_consent(report: Report, consent: Consent, place: tuple[Step, ...]) -> None:
    report.languages("the consent", consent.text, *place, "text")
    if consent.link is not None and not _is_link(consent.link):
        message = f"'{consent.link}' is not an address such as https://shop.example/privacy"
        report.fault("CFG126", message, *place, "link")


def _is_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and not re.search(r"\s", link)


def _check_greeting(report: Report, greeting: Greeting, place: tuple[Step, ...]) -> None:
    report.languages(f"the greeting '{greeting.id}'", greeting.text, *place, "text")
    for index, glob in enumerate(greeting.pages):
        if not _GLOB.fullmatch(glob):
            message = f"'{glob}' is not a path such as /products/*"
            report.fault("CFG123", message, *place, "pages", index)
    if all(each is None for each in (greeting.after_s, greeting.scrolled, greeting.event)):
        message = f"the greeting '{greeting.id}' needs one of after_s, scrolled and event"
        report.fault("CFG125", message, *place)
