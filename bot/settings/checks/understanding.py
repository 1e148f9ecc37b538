"""What the model learns from: examples, needs, articles."""

from __future__ import annotations

import unicodedata
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.settings.checks.report import Report
    from bot.settings.model import Need
    from bot.settings.settings import Settings

FEWEST_EXAMPLES = 2
"""Per intent and language: with one, cross-validation would test a class it never saw."""

FEWEST_CONVERSATIONS = 2
"""Per need and language, for the same reason."""


def check(settings: Settings, report: Report) -> None:
    """Check examples, needs and articles."""
    _check_counts(settings, report)
    _check_repeats(settings, report)
    _check_blanks(settings, report)
    _check_encoder(settings, report)
    _check_needs(settings, report)
    _check_articles(settings, report)
    for name in type(settings.phrases).model_fields:
        report.languages(f"phrases.{name}", getattr(settings.phrases, name), "phrases", name)
    for name in ("currency", "phone_region"):
        report.languages(f"entities.{name}", getattr(settings.entities, name), "entities", name)


def normalised(text: str) -> str:
    """Return what is left of an example when writing habits are taken away."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    letters = "".join(" " if unicodedata.category(c)[0] in "PZC" else c for c in plain)
    # A message of nothing but "???" is a message too.
    return " ".join(letters.split()) or plain


def _check_counts(settings: Settings, report: Report) -> None:
    for name, intent in settings.intents.items():
        report.languages(f"the label of '{name}'", intent.label, "intents", name, "label")
        for language in settings.general.languages:
            _check_count(len(intent.examples.get(language, ())), name, language, report)
    for language in settings.general.languages:
        if not settings.out_of_scope.examples.get(language):
            message = f"there are no out-of-scope examples in '{language}'"
            report.fault("CFG020", message, "out_of_scope", "examples", language)


def _check_count(count: int, name: str, language: str, report: Report) -> None:
    place = ("intents", name, "examples", language)
    if count == 0:
        report.fault("CFG020", f"the intent '{name}' has no examples in '{language}'", *place)
    elif count < FEWEST_EXAMPLES:
        message = f"the intent '{name}' needs {FEWEST_EXAMPLES} examples in '{language}'"
        report.fault("CFG021", f"{message}, and has {count}", *place)


def examples_of(settings: Settings) -> Iterator[tuple[str, str, tuple[str | int, ...]]]:
    """Yield owner, text and place of every example."""
    for name, intent in settings.intents.items():
        for language, texts in intent.examples.items():
            for index, text in enumerate(texts):
                yield name, text, ("intents", name, "examples", language, index)
    for language, texts in settings.out_of_scope.examples.items():
        for index, text in enumerate(texts):
            yield "out_of_scope", text, ("out_of_scope", "examples", language, index)


def _check_repeats(settings: Settings, report: Report) -> None:
    seen: dict[str, tuple[str, tuple[str | int, ...]]] = {}
    for owner, text, place in examples_of(settings):
        other, first = seen.setdefault(normalised(text), (owner, place))
        if first == place:
            continue
        at = settings.where(*first)
        where = f"{at.file.name}:{at.line}"
        if other == owner:
            report.fault("CFG022", f"'{text}' stands in '{owner}' twice, first at {where}", *place)
        else:
            report.fault("CFG023", f"'{text}' stands in '{other}' as well, at {where}", *place)


def _check_blanks(settings: Settings, report: Report) -> None:
    texts = chain(_named_examples(settings), _turns(settings), _questions(settings))
    for what, text, place in texts:
        if not text.strip():
            report.fault("CFG030", f"{what} is blank", *place)


_Named = tuple[str, str, tuple[str | int, ...]]
"""What a text is, the text, and its place."""


def _named_examples(settings: Settings) -> Iterator[_Named]:
    for owner, text, place in examples_of(settings):
        yield f"an example of '{owner}'", text, place


def _turns(settings: Settings) -> Iterator[_Named]:
    for category, need in settings.needs.items():
        for language, conversations in need.conversations.items():
            for index, turns in enumerate(conversations):
                place = ("needs", category, "conversations", language, index)
                for turn in turns:
                    yield f"a message of '{category}'", turn, place


def _questions(settings: Settings) -> Iterator[_Named]:
    for name, article in settings.articles.items():
        for language in settings.general.languages:
            text = article.text(language)
            for index, question in enumerate(text.questions if text else ()):
                place = ("articles", name, language, "questions", index)
                yield f"a question of '{name}'", question, place


def _check_encoder(settings: Settings, report: Report) -> None:
    """Look for the encoder's files before training does, which takes a while to get there."""
    semantic = settings.general.semantic
    if semantic is None:
        return
    folder = settings.folder / semantic.encoder
    for places in (("model.onnx", "onnx/model.onnx"), ("tokenizer.json",)):
        if not any((folder / place).is_file() for place in places):
            message = f"there is no {places[0]} in {semantic.encoder}"
            report.fault("CFG031", message, "general", "semantic", "encoder")


def _check_needs(settings: Settings, report: Report) -> None:
    for name, intent in settings.intents.items():
        report.unknown("CFG024", "need", intent.need, settings.needs, "intents", name, "need")
    used = {intent.need for intent in settings.intents.values()}
    for category, need in settings.needs.items():
        if category not in used:
            report.fault("CFG025", f"no intent belongs to the need '{category}'", "needs", category)
        report.languages(f"the label of '{category}'", need.label, "needs", category, "label")
        _check_conversations(settings, report, category, need)


def _check_conversations(settings: Settings, report: Report, category: str, need: Need) -> None:
    for language in settings.general.languages:
        count = len(need.conversations.get(language, ()))
        if count < FEWEST_CONVERSATIONS:
            message = (
                f"the need '{category}' needs {FEWEST_CONVERSATIONS} conversations "
                f"in '{language}', and has {count}"
            )
            report.fault("CFG026", message, "needs", category, "conversations", language)
    for language, conversations in need.conversations.items():
        for index, turns in enumerate(conversations):
            if not turns:
                place = ("needs", category, "conversations", language, index)
                report.fault("CFG026", "the conversation has no message", *place)


def _check_articles(settings: Settings, report: Report) -> None:
    for name, article in settings.articles.items():
        for index, intent in enumerate(article.intents):
            place = ("articles", name, "intents", index)
            report.unknown("CFG055", "intent", intent, settings.intents, *place)
        for language in settings.general.languages:
            text = article.text(language)
            if text is None:
                report.fault("CFG056", f"the article has no text in '{language}'", "articles", name)
            elif not text.questions:
                message = f"the article has no questions in '{language}'"
                report.fault("CFG056", message, "articles", name, language, "questions")
    answered = {i for article in settings.articles.values() for i in article.intents}
    for intent, answer in settings.flows.answers.items():
        if answer.reply is None and intent in settings.intents and intent not in answered:
            message = f"no article answers '{intent}'; name it in an article's intents"
            report.fault("CFG057", message, "answers", intent)
