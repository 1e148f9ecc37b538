"""The table of ticket states."""

from __future__ import annotations

import pytest

from crm_store.errors import IllegalTransition
from crm_store.records import TICKET_TRANSITIONS, TicketState, check_transition


@pytest.mark.parametrize("old", TicketState)
@pytest.mark.parametrize("new", TicketState)
def test_only_what_the_table_says(old, new):
    if new in TICKET_TRANSITIONS[old]:
        check_transition(old, new)
    else:
        with pytest.raises(IllegalTransition):
            check_transition(old, new)
