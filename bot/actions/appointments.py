"""Visits: book one, move it, cancel it."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from bot.actions.outcome import Outcome, Status
from bot.dialogue.context import PERSON, Option, Say
from bot.dialogue.replies import Term
from crm_store.effects import BookAppointment, ChangeAppointment
from crm_store.errors import NotFound
from crm_store.records import Appointment

if TYPE_CHECKING:
    from bot.actions.outcome import Request

_VISIT = frozenset({"visit", "place", "starts", "booking"})

REPLIES = {
    "visit.confirm": _VISIT,
    "visit.booked": _VISIT,
    "visit.which_time": frozenset({"day"}),
    "visit.past": frozenset(),
    "visit.closed": frozenset({"opens", "closes"}),
    "visit.not_found": frozenset(),
    "visit.which": frozenset(),
    "visit.confirm_move": _VISIT,
    "visit.confirm_cancel": _VISIT,
    "visit.moved": _VISIT,
    "visit.cancelled": _VISIT,
    "choice.visit": frozenset({"visit", "starts"}),
    **{f"visit_kind.{kind}": frozenset() for kind in ("consultation", "fitting", "installation")},
    **{
        f"place.{place}": frozenset()
        for place in ("shanghai", "beijing", "shenzhen", "san_francisco", "new_york", "home")
    },
}

OPENS, CLOSES = time(10), time(19)
"""The last visit starts at seven in every store."""

BOOKING = re.compile(r"V-?(\d{6})", re.IGNORECASE)


async def book(request: Request) -> Outcome:
    """Book a visit, after a yes."""
    starts = _starts(request)
    if isinstance(starts, Outcome):
        return starts
    kind = str(request.slots["kind"])
    place = "home" if kind == "installation" else str(request.slots.get("place") or "")
    if not place:
        return Outcome(status=Status.ASK, slot="place")
    appointment = Appointment(
        id=_booking_number(request.exchange_id),
        customer_id=request.customer.id,
        kind=kind,
        place=place,
        starts_at=starts,
        contact=str(request.slots["contact"]),
        name=request.customer.name,
    )
    values = _values(appointment)
    if not request.confirmed:
        return Outcome(status=Status.CONFIRM, say=(Say(key="visit.confirm", values=values),))
    return Outcome(
        say=(Say(key="visit.booked", values=values),),
        effects=(BookAppointment(appointment=appointment),),
    )


async def change(request: Request) -> Outcome:
    """Move or cancel a visit: one's own, or one whose number and contact are both known."""
    appointment = await _theirs(request)
    if isinstance(appointment, Outcome):
        return appointment
    if request.slots.get("change") == "cancel":
        values = _values(appointment)
        if not request.confirmed:
            say = Say(key="visit.confirm_cancel", values=values)
            return Outcome(status=Status.CONFIRM, say=(say,))
        effect = ChangeAppointment(id=appointment.id, starts_at=None)
        return Outcome(say=(Say(key="visit.cancelled", values=values),), effects=(effect,))
    if "when" not in request.slots:
        return Outcome(status=Status.ASK, slot="when")
    starts = _starts(request)
    if isinstance(starts, Outcome):
        return starts
    values = {**_values(appointment), "starts": starts}
    if not request.confirmed:
        say = Say(key="visit.confirm_move", values=values)
        return Outcome(status=Status.CONFIRM, say=(say,))
    effect = ChangeAppointment(id=appointment.id, starts_at=starts)
    return Outcome(say=(Say(key="visit.moved", values=values),), effects=(effect,))


async def _theirs(request: Request) -> Appointment | Outcome:
    """Return the visit that the request is about."""
    if request.verified:
        own = [
            visit
            for visit in await request.visits.of_customer(request.customer.id)
            if visit.state == "booked" and visit.starts_at > request.now
        ]
        written = BOOKING.search(str(request.slots.get("booking", "")))
        found = [a for a in own if written is None or a.id == f"V-{written[1]}"]
        if len(found) == 1:
            return found[0]
        if found:
            choices = tuple(
                Option(
                    value=f"slot:booking={a.id}",
                    key="choice.visit",
                    values={"visit": Term(key=f"visit_kind.{a.kind}"), "starts": a.starts_at},
                )
                for a in found
            )
            say = Say(key="visit.which", choices=choices)
            return Outcome(status=Status.ASK, slot="booking", say=(say,))
        say = Say(key="visit.not_found", choices=(PERSON,))
        return Outcome(status=Status.REFUSED, say=(say,))
    if "booking" not in request.slots:
        return Outcome(status=Status.ASK, slot="booking")
    if "contact" not in request.slots:
        return Outcome(status=Status.ASK, slot="contact")
    written = BOOKING.search(str(request.slots["booking"]))
    contact = str(request.slots["contact"]).casefold()
    try:
        appointment = await request.visits.get(f"V-{written[1] if written else ''}")
    except NotFound:
        appointment = None
    if appointment is None or appointment.contact.casefold() != contact:
        say = Say(key="visit.not_found")
        return Outcome(status=Status.ASK, slot="contact", say=(say,), proof_failed=True)
    return appointment


def _starts(request: Request) -> datetime | Outcome:
    """Return when the visit starts, or what is wrong with the time that was said."""
    said = str(request.slots["when"])
    day = request.slots.get("day")
    if len(said) == len("2026-11-20"):
        asked = Say(key="visit.which_time", values={"day": date.fromisoformat(said)})
        return Outcome(status=Status.ASK, slot="when", slots={"day": said}, say=(asked,))
    starts = datetime.fromisoformat(said)
    if isinstance(day, str) and starts.date() <= request.now.date() + _ONE_DAY:
        starts = datetime.combine(date.fromisoformat(day), starts.timetz())
    if starts <= request.now:
        return Outcome(status=Status.ASK, slot="when", say=(Say(key="visit.past"),))
    if not OPENS <= starts.time() <= CLOSES:
        values = {"opens": f"{OPENS:%H:%M}", "closes": f"{CLOSES:%H:%M}"}
        say = Say(key="visit.closed", values=values)
        return Outcome(status=Status.ASK, slot="when", say=(say,))
    return starts


_ONE_DAY = date(2000, 1, 2) - date(2000, 1, 1)
"""A clock time alone means today or tomorrow; the day that was said before is then the day."""


def _values(appointment: Appointment) -> dict[str, object]:
    return {
        "visit": Term(key=f"visit_kind.{appointment.kind}"),
        "place": Term(key=f"place.{appointment.place}"),
        "starts": appointment.starts_at,
        "booking": appointment.id,
    }


def _booking_number(exchange_id: str) -> str:
    """Return a number that people can say; the same exchange, tried again, gets it again."""
    digest = hashlib.sha256(exchange_id.encode()).digest()
    return f"V-{int.from_bytes(digest[:8]) % 1_000_000:06d}"
