"""Everything the desk draws, with the longest and nastiest words that there are.

Slack must take it, nothing in it may do anything, and what is left out has to leave a mark.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.desk import home, lines, modals
from bot.desk.cards import card
from bot.desk.modals import About
from bot.desk.views import HomeView, Likely, MacroChoice, Profile, TicketView
from bot.desk.words import WORDS
from bot.slack.mrkdwn import clean, escape, unescape
from crm_store.desk_records import Agent, Suggestion
from crm_store.records import (
    AuthorKind,
    Conversation,
    Customer,
    File,
    Message,
    Order,
    OrderState,
    Owner,
    Ticket,
    TicketState,
)
from crm_store.tickets import QueueHealth
from tests.fake_slack import live, readable
from tests.fake_slack.block_kit.check import message_problems, text_length, view_problems
from tests.fake_slack.mrkdwn import live_in_text

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LANGUAGES = ("en", "zh")
MOST_IN_BLOCKS = 13_000
HERE = "https://shop.slack.com/archives/C1/p1"

PIECES = [
    *("<!channel>", "<!here|here>", "<!subteam^S1>", "<@U_CLEO>", "<#C_ORDERS>"),
    *("<https://evil.example|https://bank.example>", "&lt;!channel&gt;", "&amp;lt;", "https://a.b"),
    *("@here", "*bold*", "_x_", "~y~", "`z`", "```", ":wave:", "mailto:a@b.com", "a@b.com"),
    *("\u202e", "\u200b", "\u200d", "\ufeff", "\x00", "\x1b", "\ud800", "\r\n", "\n", "\t"),
    *("👩‍👩‍👧‍👦", "👍🏿", "🇨🇳", "e\u0301" * 3, "שלום", "مرحبا", "订单", "{ticket}", "{agent}"),
    *(" ", "x", "x" * 50, "…", "'", '"', "|", ">", "<", "&", "<<", "<!date^1^{date}|x>"),
]
NASTY = st.builds(
    lambda pieces, times: ("".join(pieces) * times)[:4000],
    st.lists(st.sampled_from(PIECES), max_size=12),
    st.sampled_from([1, 1, 40, 400]),
)
# Words of thousands of characters take minutes to be made shorter.
QUICKLY = settings(max_examples=60, derandomize=True, phases=(Phase.explicit, Phase.generate))

MAYBE = st.none() | NASTY
NAME = (
    st.sampled_from(["", "Cleo", "<!channel>", "丹" * 200, "<@U1>" * 60, "&lt;!here&gt;"]) | NASTY
)

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
"""What is drawn here is long on purpose, and so is its repr."""


def a_message(text: str, author: AuthorKind = AuthorKind.CUSTOMER, **more: Any) -> Message:
    values = {"conversation_id": "c", "seq": 1, "author": author, "at": NOW}
    return Message(**{"author_name": "Cleo", **values, **more}, text=text)


def an_order(number: str, state: OrderState) -> Order:
    return Order(
        number=number,
        customer_id="ada",
        state=state,
        placed_at=NOW,
        lines=(),
        total=number[:40],
        currency=number[:10],
        email=None,
        phone=None,
        address=None,
        delivery="standard",
    )


@st.composite
def views(draw: st.DrawFn) -> TicketView:
    """A ticket in any state, with whatever there may be about it."""
    state = draw(st.sampled_from(list(TicketState)))
    due = draw(st.none() | st.sampled_from([NOW, NOW - timedelta(days=1), NOW + timedelta(days=1)]))
    ticket = Ticket(
        number=draw(st.sampled_from([1, 1042, 999_999_999_999])),
        conversation_id="c",
        customer_id="ada",
        subject=draw(NASTY),
        queue="orders",
        priority=draw(st.sampled_from(["urgent", "high", "normal", "low", "<!channel>"])),
        state=state,
        assignee=draw(st.sampled_from([None, "T1:U1"])),
        need=draw(st.sampled_from([None, "other"])),
        language=None,
        first_reply_due=due,
        created_at=NOW,
        opened_seq=1,
        reason=draw(MAYBE | st.sampled_from(["person.asked", "miss", "nothing.known"])),
        waiting_since=due,
        reply_due=due,
        resolve_due=due,
        snoozed_until=due if state is TicketState.PENDING else None,
        rating=draw(st.sampled_from([None, 1, 5])),
        rating_comment=draw(MAYBE),
        merged_into=draw(st.sampled_from([None, None, 1043])),
    )
    number = draw(st.sampled_from([0, 1, 20]))
    words = draw(NASTY)
    return TicketView(
        ticket=ticket,
        conversation=Conversation(
            id="c",
            customer_id="ada",
            channel="webchat",
            address="c",
            owner=draw(st.sampled_from(list(Owner))),
            language=draw(st.sampled_from([None, "en", "zh", "fr", "<!channel>"])),
            last_seq=3,
            version=1,
            state={},
            agent_name=None,
            ticket_number=ticket.number,
            queue="orders",
        ),
        customer=Customer(
            id="ada",
            name=draw(st.none() | NAME),
            email=draw(MAYBE),
            phone=draw(MAYBE),
            address=draw(MAYBE),
            tier=draw(NAME),
        ),
        verified=draw(st.booleans()),
        assignee=Agent(id="T1:U1", name=draw(NAME)) if ticket.assignee else None,
        queue_label=draw(NAME),
        need_label=draw(MAYBE),
        need_probability=draw(st.none() | st.floats(0, 1)),
        need_reasons=tuple(draw(st.lists(NASTY, max_size=3))),
        intents=tuple(
            Likely(name=f"i{n}", label=words, probability=0.5) for n in range(min(number, 3))
        ),
        found=tuple((f"{words[:30]}{n}", words) for n in range(number * 3)),
        open_orders=tuple(an_order(words or "A", OrderState.PAID) for _ in range(number)),
        earlier=tuple(replace(ticket, number=n) for n in range(min(number, 3))),
        opening=draw(st.none() | st.builds(a_message, NASTY)),
        link=draw(st.sampled_from([None, None, HERE])),
        undelivered=draw(st.sampled_from([0, 3])),
    )


def check(drawn: Any) -> str:
    """Assert that Slack takes a message and that nothing in it is live; return its words."""
    assert message_problems(drawn.blocks) == []
    assert text_length(drawn.blocks) <= MOST_IN_BLOCKS
    assert len(drawn.text) <= 4000
    assert drawn.text.strip()
    dead({"blocks": drawn.blocks})
    assert {each.kind for each in live_in_text(drawn.text, "text", bare=False)} <= {"date"}
    return readable(drawn.blocks)


def check_view(view: Any) -> str:
    """Assert likewise of a dialog or a home page."""
    assert view_problems(view, view["type"]) == []
    dead({"blocks": view["blocks"]})
    return readable(view["blocks"])


def dead(shown: Any) -> None:
    alive = [each for each in live(shown) if each.kind != "date"]
    assert [each for each in alive if (each.kind, each.target) != ("link", HERE)] == []


def all_or_marked(text: str, shown: str) -> None:
    """Assert that a text is there, or that something says that it is not all there."""
    wanted = clean(text).strip()
    assert wanted in shown or "…" in shown


def found_in(text: str, secret: str) -> set[str]:
    """Which ways of writing a secret stand in a text."""
    return {way for way in (secret, unescape(secret)) if way in text}


@given(view=views())
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card(language, view):
    drawn = card(view, language, NOW, {f"q{n}": f"{view.queue_label}{n}" for n in range(30)})
    shown = check(drawn)
    customer = view.customer
    public = replace(customer, email=None, phone=None, address=None)
    rest = repr(replace(view, customer=public))
    for secret in (customer.email, customer.phone, customer.address):
        # Short ones may stand in anything else, and so may those that only look escaped.
        if secret and len(secret) > 12 and not found_in(rest, secret):
            assert secret not in repr(drawn)
    if view.opening is not None and view.link is None:
        all_or_marked(view.opening.text, shown)


AUTHORS = st.sampled_from(list(AuthorKind))
MESSAGES = st.lists(
    st.builds(
        lambda text, author, name, replaces, files: a_message(
            text,
            author,
            author_name=name,
            replaces=replaces,
            files=tuple(File(id="f", name=n, media_type="x", size=1) for n in files),
        ),
        NASTY,
        AUTHORS,
        st.none() | NAME,
        st.sampled_from([None, None, 1]),
        st.lists(NASTY, max_size=3),
    ),
    min_size=1,
    max_size=21,
)


@given(messages=MESSAGES, customer=st.none() | NAME)
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_lines_and_what_was_said_before(language, messages, customer):
    for drawn in (
        lines.line(messages, customer, language),
        lines.recap(messages, customer, language),
    ):
        shown = check(drawn)
        for message in messages:
            withdrawn = message.replaces and message.author is AuthorKind.SYSTEM
            if not withdrawn:
                all_or_marked(message.text, shown)


def test_as_many_lines_as_a_post_may_hold_fit_into_it():
    long = [a_message("<!channel>" + "x" * 3990, author_name="n" * 300) for _ in range(21)]
    for language in LANGUAGES:
        shown = check(lines.line(long, "c" * 300, language))
        assert shown.count("…") >= 21
        alone = check(lines.line(long[:1], "<@U1>", language))
        assert "<!channel>" + "x" * 3990 in alone
        check(lines.recap([], None, language))


@given(text=NASTY, comment=NASTY)
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_notices(language, text, comment):
    values = {"ticket": 1042, "other": 1043, "due": NOW.timestamp(), "stars": 4}
    values |= {"customer": text, "queue": text, "whose": text}
    for key in WORDS["en"]:
        if key.startswith("notice."):
            shown = check(lines.notice(key, language, **values, comment=comment, agent=text))
            if "{comment}" in WORDS[language][key]:
                all_or_marked(comment, shown)
    for key in ("refused.taken", "refused.nobody", "refused.no_macro", "refused.file.gone"):
        more = {"agent": text, "words": text, "name": text, "why": text}
        check(lines.notice(key, language, ticket=1, **more))


@given(texts=st.lists(NASTY, min_size=1, max_size=3), client_id=st.text("abc", min_size=1))
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_drafts_and_replies_that_are_held(language, texts, client_id):
    kinds = ("answer", "macro", "knowledge")
    items = [
        (Suggestion(id=f"s{n}", ticket_number=1, kind=kinds[n], text=text, at=NOW), text)
        for n, text in enumerate(texts)
    ]
    shown = check(lines.suggestions(items, language))
    check(lines.sent_suggestion(items[0][0], language))
    for text in texts:
        all_or_marked(text, shown)
    all_or_marked(texts[0], check(lines.held(texts[0], 5, client_id, language)))


@given(view=views(), text=NASTY, many=st.sampled_from([0, 1, 150]))
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_dialogs(language, view, text, many):
    number, recent = view.ticket.number, [a_message(text) for _ in range(many)][:12]
    named = {f"n{n}": text + str(n) for n in range(many)}
    macros = [MacroChoice(name=n, label=label, preview=label) for n, label in named.items()]
    shown = check_view(modals.reply(number, recent, language, text=text, suggestion="s"))
    if recent:
        all_or_marked(text, shown)
    check_view(modals.macros(number, macros, language))
    check_view(modals.correct_intent(view, named, language))
    if named:
        check_view(modals.correct_need(view, named, language))
        check_view(modals.create_ticket(About(channel="C1", ts="1.2"), text, named, language))
    check_view(modals.merge(number, language))
    check_view(modals.revealed(view.customer, language))
    check_view(
        modals.profile(
            Profile(
                customer=view.customer,
                verified=view.verified,
                orders=view.open_orders,
                tickets=view.earlier * many,
                spend=text,
                needs=(text,) * many,
                language=language,
            )
        )
    )


@given(view=views(), text=NASTY, many=st.sampled_from([0, 1, 60]), away=st.booleans())
@QUICKLY
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_home_page_and_answers(language, view, text, many, away):
    tickets = tuple(replace(view.ticket, number=n) for n in range(many))
    links = dict.fromkeys(range(many // 2), HERE)
    health = QueueHealth(queue="q", waiting=3, taken=2, overdue=1, oldest=view.ticket.reply_due)
    page = home.home(
        HomeView(
            agent=Agent(id="T1:U1", name=text, away=away),
            tickets=tickets,
            links=links,
            queues=((text, health),) * many,
            capacity=6,
            given_up=(text,) * many,
        ),
        language,
    )
    check_view(page)
    check_view(home.stranger(language))
    check(home.tickets_answer("found", tickets, language, links))
    check(home.answer(escape(text[:80]).strip() or "x", ()))
    if many:
        check(home.answer("x", [home.queue_line(text, health, language)] * many))


def test_whatever_is_said_in_one_language_is_said_in_the_other():
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    placeholders = {
        language: {key: sorted(set(_holes(text))) for key, text in found.items()}
        for language, found in WORDS.items()
    }
    assert placeholders["en"] == placeholders["zh"]
    for (language, found), key in product(WORDS.items(), WORDS["en"]):
        assert found[key].strip(), (language, key)


def _holes(text: str) -> list[str]:
    return [part.partition("}")[0] for part in text.split("{")[1:]]
