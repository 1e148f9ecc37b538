"""What an interaction hands the app for a short while: triggers and response URLs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from tests.fake_slack.clock import Clock

TRIGGER_LIFE_S = 3.0
RESPONSE_LIFE_S = 30 * 60.0
RESPONSE_USES = 5


@dataclass(slots=True)
class Trigger:
    """A right to open one modal for one person, soon."""

    user: str
    expires: float
    view_id: str | None = None
    """The modal it came from; `views.push` puts one on top of it."""
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A right to answer where an interaction happened."""

    user: str
    channel: str
    expires: float
    message_ts: str | None = None
    thread_ts: str | None = None
    ephemeral: bool = False
    """The interaction was with a message only its user sees."""
    uses: int = 0


class Tickets:
    """Hands them out, and says whether they still count."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.trigger_life_s = TRIGGER_LIFE_S

    def trigger(self, user: str, view_id: str | None = None) -> str:
        """Return a new trigger_id."""
        now = self._clock.now()
        id_ = f"{int(now * 1000)}.{self._rng.getrandbits(40)}.{self._rng.getrandbits(128):032x}"
        self.triggers[id_] = Trigger(user, now + self.trigger_life_s, view_id)
        return id_

    def redeem(self, trigger_id: str | None) -> Trigger | str:
        """Return the trigger, used up by this, or the error Slack answers with."""
        trigger = self.triggers.get(trigger_id or "")
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if trigger.expires < self._clock.now():
            return "expired_trigger_id"
        trigger.used = True
        return trigger

    def response_url(
        self,
        user: str,
        channel: str,
        *,
        message_ts: str | None = None,
        thread_ts: str | None = None,
        ephemeral: bool = False,
    ) -> str:
        """Return the path of a new response URL."""
        id_ = f"{self._rng.getrandbits(64):016x}"
        expires = self._clock.now() + RESPONSE_LIFE_S
        self.response_urls[id_] = ResponseUrl(
            user, channel, expires, message_ts, thread_ts, ephemeral
        )
        return f"/actions/{id_}"

    def answer(self, id_: str) -> ResponseUrl | str:
        """Return what a response URL stands for, one use less, or the error."""
        found = self.response_urls.get(id_)
        if found is None:
            return "no_such_hook"
        if found.expires < self._clock.now():
            return "expired_url"
        if found.uses >= RESPONSE_USES:
            return "used_url"
        found.uses += 1
        return found
