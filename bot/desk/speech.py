"""What customers are told of what happens at the desk: the configuration's own sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bot.status import spoken
from bot.think import language_of

if TYPE_CHECKING:
    from bot.playbook import Playbook
    from crm_store.records import Conversation
    from nlp.understanding import Language

_BEFORE_MARK = re.compile(r"[ \t]+(?=[,.;:!?，。！？])")


class Speech:
    """Puts replies and macros into a customer's language."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook

    def language(self, conversation: Conversation) -> Language:
        """Return the language that a conversation is held in."""
        spoken_in = language_of(conversation.language) or language_of(conversation.locale)
        return spoken_in or self._playbook.settings.general.languages[0]

    def to_customer(
        self,
        conversation: Conversation,
        key: str,
        *,
        ticket: int | None = None,
        **values: Any,  # noqa: ANN401  # whatever a reply can put into words
    ) -> str:
        """Return a reply in the conversation's language."""
        general = self._playbook.settings.general
        shared = {
            "shop": general.name,
            "name": "",
            "wait": "",
            "ticket": spoken(ticket) if ticket is not None else "",
        }
        language = self.language(conversation)
        return self._playbook.replies.words(key, {**shared, **values}, language)

    def macro(self, name: str, conversation: Conversation, *, customer: str, agent: str) -> str:
        """Return a macro in the conversation's language.

        Raises:
            KeyError: There is no such macro.
        """
        language = self.language(conversation)
        number = conversation.ticket_number
        values = {
            "name": customer,
            "agent": agent,
            "ticket": spoken(number) if number is not None else "",
            "shop": self._playbook.settings.general.name[language],
        }
        text = self._playbook.settings.macros[name].text[language]
        filled = re.sub(r"\{([a-z]+)\}", lambda found: values[found[1]], text)
        # Who has no name leaves a gap before the comma.
        return _BEFORE_MARK.sub("", filled)
