"""A faithful stand-in for Slack: Web API, Events API, Socket Mode, and the people who use it.

    async with FakeSlack(seed=0) as slack:
        slack.add_user("U_CLEO", name="Cleo")
        slack.add_channel("C_DESK", name="desk-orders", private=True, members=["U_CLEO"])
        …                                       # start the app with slack.api_url and its tokens
        ts = await slack.say("C_DESK", "U_CLEO", "hello")
        await slack.settled()
        assert [line.text for line in slack.transcript("C_DESK")] == […]
        assert slack.violations == []

By itself: `python -m tests.fake_slack --port 8090`, and look at http://127.0.0.1:8090.

    slack.py         everything together          delivery.py    envelopes and their retries
    workspace.py     team, people, channels       socket_mode.py, http_delivery.py
    messages.py      messages and files           events.py      who hears what, and its wrapping
    web_api/         /api/{method}                interactions.py  the payloads of what people do
    block_kit/       what Slack refuses           tickets.py     triggers and response URLs
    mrkdwn.py        what in a post is live       views.py       modals and App Homes
    emoji.py         characters and :names:       hooks.py       response URLs, files up and down
    people.py        what people do               faults.py      what goes wrong, and when
    modals.py        … in modals and App Home     clock.py       the time, also by hand
    transcript.py    the oracle                   rate_limits.py the buckets
    manifest.py      scopes and subscriptions     page/          the workspace to look at
    portraits.py     what people look like

Waits a test may want shorter: `slack.sockets.ack_deadline_s` and `.ladder`,
`slack.http.deadline_s` and `.ladder`, `slack.tickets.trigger_life_s`. A `ManualClock` moves what
lasts long: the ladder, triggers, response URLs, tickets and rate limits.

It imports nothing of the product. It was built from Slack's documents and SDKs, and never compared
with the real thing; where they say nothing it is strict.
"""

from tests.fake_slack import faults
from tests.fake_slack.clock import Clock, ManualClock
from tests.fake_slack.delivery import Answer
from tests.fake_slack.interactions import NotPossible
from tests.fake_slack.mrkdwn import Live, escape, live, readable, typed, unescape
from tests.fake_slack.slack import SCOPES, FakeSlack
from tests.fake_slack.transcript import Line

__all__ = [
    "SCOPES",
    "Answer",
    "Clock",
    "FakeSlack",
    "Line",
    "Live",
    "ManualClock",
    "NotPossible",
    "escape",
    "faults",
    "live",
    "readable",
    "typed",
    "unescape",
]
