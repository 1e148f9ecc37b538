from nlp.examples import ArticleText
from nlp.knowledge import KnowledgeBase, paragraphs

RETURNS = ArticleText(
    article_id="returns",
    language="en",
    title="Sending something back",
    questions=("how do I return an item", "who pays for return shipping"),
    body="You have 30 days.\n\nBedding that was opened cannot go back, for hygiene reasons.",
    intents=("return_item",),
)
HOURS = ArticleText(
    article_id="hours",
    language="en",
    title="Opening hours",
    questions=("when are you open",),
    body="Monday to Friday from nine.",
    intents=("business_hours",),
)
ZH = ArticleText(
    article_id="returns",
    language="zh",
    title="退货说明",
    questions=("怎么退货",),
    body="30天内可以退货。",
)
BASE = KnowledgeBase([RETURNS, HOURS, ZH])


def ask(text, language="en", intents=None, out_of_scope=0.1):
    return BASE.passages(text, language, intents or {}, out_of_scope)


def test_the_article_that_is_asked_for_comes_first():
    best = ask("how can I return something?")[0]
    assert (best.article_id, best.text) == ("returns", "You have 30 days.")
    assert ask("怎样退货", "zh")[0].language == "zh"


def test_a_paragraph_that_fits_clearly_better_is_given():
    assert ask("can opened bedding go back")[0].text.startswith("Bedding")


def test_the_intent_and_the_scope_move_the_probability():
    plain = ask("returns")[0].probability
    assert plain < ask("returns", intents={"return_item": 1.0})[0].probability
    assert plain > ask("returns", out_of_scope=1.0)[0].probability


def test_probabilities_fall():
    found = [p.probability for p in ask("open")]
    assert found == sorted(found, reverse=True)
    assert all(0 <= p <= 1 for p in found)


def test_nothing_to_go_by_gives_nothing():
    assert ask("") == ask("?!") == ask("text", "zh", {})[:0] == ()
    assert KnowledgeBase([]).passages("return", "en", {}, 0.0) == ()


def test_it_survives_saving():
    again = KnowledgeBase.from_json(BASE.to_json())
    assert again.passages("return", "en", {}, 0.1) == ask("return")


def test_paragraphs_are_cut_at_empty_lines():
    assert paragraphs("a\nb\n\n c ") == ("a\nb", "c")
