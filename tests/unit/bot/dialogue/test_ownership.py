"""Ownership: the table is the whole truth."""

import pytest

from bot.dialogue.ownership import TRANSITIONS, Event, next_owner
from crm_store.errors import IllegalTransition
from crm_store.records import Owner


@pytest.mark.parametrize("owner", list(Owner))
@pytest.mark.parametrize("event", list(Event))
def test_what_is_not_in_the_table_cannot_happen(owner, event):
    if (owner, event) in TRANSITIONS:
        assert next_owner(owner, event) is TRANSITIONS[owner, event]
    else:
        with pytest.raises(IllegalTransition):
            next_owner(owner, event)


def test_a_reply_of_a_person_takes_the_conversation_whoever_had_it():
    assert {next_owner(owner, Event.AGENT_REPLIES) for owner in Owner} == {Owner.AGENT}


def test_a_customer_who_writes_is_heard_by_whoever_has_the_conversation():
    heard_by = {owner: next_owner(owner, Event.CUSTOMER_WRITES) for owner in Owner}
    assert heard_by == {
        Owner.BOT: Owner.BOT,
        Owner.QUEUE: Owner.QUEUE,
        Owner.AGENT: Owner.AGENT,
        Owner.NONE: Owner.BOT,
    }
