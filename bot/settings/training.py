"""Settings → the training set of a model. Only what feeds the model goes in.

Editing a reply, a flow or the routing leaves the set as it is, and so the model current. So does
moving an intent to another file: intents are put in the order of their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from nlp.entities.spec import CatalogueEntry, EntitySpec
from nlp.examples import ArticleText, Example, NeedExample, ToneKind, TrainingSet
from nlp.semantic import SemanticSpec
from nlp.understanding import OUT_OF_SCOPE, Language

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.settings.settings import Settings

TONES: tuple[ToneKind, ...] = ("negative", "urgent", "abusive")


def training_set(settings: Settings, *, places: bool = False) -> TrainingSet:
    """Return everything that a configuration's model is made of.

    Args:
        settings: The configuration.
        places: Whether each example is to know its file and line.
    """
    return TrainingSet(
        examples=tuple(
            example
            for name, intent in sorted(settings.intents.items())
            for example in _examples(settings, name, intent.examples, places=places)
        ),
        out_of_scope=tuple(
            _examples(settings, OUT_OF_SCOPE, settings.out_of_scope.examples, places=places)
        ),
        entities=_entities(settings),
        needs=tuple(_needs(settings)),
        intent_needs={name: intent.need for name, intent in sorted(settings.intents.items())},
        articles=tuple(_articles(settings)),
        tones={tone: dict(getattr(settings.phrases, tone)) for tone in TONES},
        languages=settings.general.languages,
        admitted_loss=settings.general.admitted_loss,
        semantic=_semantic(settings),
    )


def _semantic(settings: Settings) -> SemanticSpec | None:
    wanted = settings.general.semantic
    if wanted is None:
        return None
    return SemanticSpec(
        encoder=settings.folder / wanted.encoder, tier=wanted.tier, languages=wanted.languages
    )


def _examples(
    settings: Settings,
    intent: str,
    texts: Mapping[Language, tuple[str, ...]],
    *,
    places: bool,
) -> Iterator[Example]:
    part = ("out_of_scope",) if intent == OUT_OF_SCOPE else ("intents", intent)
    for language in settings.general.languages:
        for index, text in enumerate(texts.get(language, ())):
            example = Example(text=text, intent=intent, language=language)
            if places:
                place = settings.where(*part, "examples", language, index)
                example = replace(example, path=place.file, line=place.line)
            yield example


def _entities(settings: Settings) -> EntitySpec:
    entities = settings.entities
    products = settings.catalogue.products if settings.catalogue else {}
    return EntitySpec(
        order_patterns=entities.order_number.patterns,
        tracking_patterns=entities.tracking_number.patterns,
        products=tuple(
            CatalogueEntry(
                id=product_id,
                names=(
                    *product.names.values(),
                    *(alias for group in product.aliases.values() for alias in group),
                ),
            )
            for product_id, product in sorted(products.items())
        ),
        currency=entities.currency,
        phone_region=entities.phone_region,
    )


def _needs(settings: Settings) -> Iterator[NeedExample]:
    for category, need in sorted(settings.needs.items()):
        for language in settings.general.languages:
            for turns in need.conversations.get(language, ()):
                yield NeedExample(category=category, language=language, turns=turns)


def _articles(settings: Settings) -> Iterator[ArticleText]:
    for name, article in sorted(settings.articles.items()):
        for language in settings.general.languages:
            text = article.text(language)
            if text is not None:
                yield ArticleText(
                    article_id=name,
                    language=language,
                    title=text.title,
                    questions=text.questions,
                    body=text.body,
                    intents=article.intents,
                )
