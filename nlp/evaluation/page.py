"""An evaluation as one self-contained HTML page, in English or Chinese, pictures as inline SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from nlp.understanding import OUT_OF_SCOPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nlp.evaluation.figures import Mistake, Report, Scores
    from nlp.understanding import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("How well messages are understood", "消息理解评测"),
    "cross-validation": (
        "Cross-validated: each message was read by a model that had not seen it.",
        "交叉验证：每条消息都由未见过它的模型来判断。",
    ),
    "held-out": (
        "A trained model on messages that it was not trained on.",
        "用已训练的模型判断训练中未用过的消息。",
    ),
    "trained on these rows": (
        "The model was trained on these messages: the figures say nothing of new ones.",
        "模型正是用这些消息训练的：以下数字不能说明它对新消息的表现。",
    ),
    "model": ("Model", "模型"),
    "messages": ("messages", "条消息"),
    "in_scope": ("in scope", "条属于服务范围"),
    "first_guess": ("first guess right", "首选正确率"),
    "accuracy": ("right and not refused", "正确且未拒答"),
    "macro_f1": ("macro F1", "宏平均 F1"),
    "out_of_scope_recall": ("out of scope refused", "范围外拒答率"),
    "calibration_error": ("calibration error", "校准误差"),
    "entity_f1": ("entity F1, exact spans", "实体 F1（片段）"),
    "entity_value_f1": ("entity F1, values", "实体 F1（取值）"),
    "median_us": ("µs a message (median)", "单条耗时中位数（µs）"),
    "unknown": ("The model does not have these intents: ", "模型没有这些意图："),
    "calibration": ("Are the probabilities true?", "概率可信吗？"),
    "calibration_x": ("probability of the first guess", "首选的概率"),
    "calibration_y": ("share that is right", "实际正确率"),
    "coverage": ("Answer only when sure", "只在有把握时作答"),
    "coverage_x": ("share answered", "作答比例"),
    "coverage_y": ("of these right", "其中正确"),
    "trade": ("Refuse what is out of scope", "拒答范围外消息"),
    "trade_x": ("in scope, not refused", "范围内未拒答"),
    "trade_y": ("out of scope, refused", "范围外已拒答"),
    "learning": ("Would more examples help?", "再加例句有用吗？"),
    "learning_x": ("share of the examples used", "所用例句比例"),
    "learning_y": ("first guess right", "首选正确率"),
    "comparison": ("Against another model", "与另一模型对比"),
    "better": ("clearly better", "明显更好"),
    "worse": ("clearly worse", "明显更差"),
    "no clear difference": ("no clear difference", "没有明显差别"),
    "this": ("This model", "本模型"),
    "other": ("The other", "对比模型"),
    "right": ("Handled rightly", "处理正确"),
    "only": ("Where one alone is right", "仅一方正确"),
    "p_value": ("Chance of this if both were equal: ", "若两者实力相当，出现此差距的概率："),
    "knowledge": ("Knowledge base", "知识库"),
    "questions": ("questions", "个问题"),
    "found_first": ("find their article first", "首条即所需文章"),
    "found_among": ("find it among three", "前三条内找到"),
    "answered": ("are answered", "给出了回答"),
    "answer_right": ("of the answers are right", "回答正确"),
    "question": ("Question", "问题"),
    "article": ("Article", "文章"),
    "came_first": ("Came first", "排在首位"),
    "faults": ("What is wrong with the examples", "例句本身的问题"),
    "where": ("Where", "位置"),
    "what": ("What", "问题"),
    "more": ("and {} more", "另有 {} 处"),
    "languages": ("By language", "按语言"),
    "language": ("Language", "语言"),
    "intents": ("By intent, the weakest first", "按意图（从弱到强）"),
    "intent": ("Intent", "意图"),
    "examples": ("Messages", "消息数"),
    "precision": ("Precision", "精确率"),
    "recall": ("Recall", "召回率"),
    "taken_for": ("Mostly taken for", "最常误判为"),
    "confused": ("What is confused most", "最常见的混淆"),
    "example": ("For example", "例如"),
    "entities": ("Entities", "实体"),
    "type": ("Type", "类型"),
    "mistakes": ("Mistakes, the surest first", "错误（按把握从高到低）"),
    "text": ("Message", "消息"),
    "expected": ("Expected", "应为"),
    "got": ("Understood as", "判为"),
    OUT_OF_SCOPE: ("(out of scope)", "（范围外）"),
}
_STYLE = """
:root{color-scheme:light dark;--ink:#1b2430;--soft:#67727f;--rule:#dde2e8;--mark:#2459a8;
--bar:#cfdcf0;--back:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ed;--soft:#98a3b0;--rule:#333c47;
--mark:#7fabeb;--bar:#27405f;--back:#14181d}}
body{font:15px/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;
color:var(--ink);background:var(--back);max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.5rem 0 .5rem}
p{color:var(--soft);margin:.25rem 0 1rem}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem}
.figures div{border:1px solid var(--rule);border-radius:.5rem;padding:.6rem .8rem}
.figures b{display:block;font-size:1.35rem;font-weight:600;font-variant-numeric:tabular-nums}
.figures span{color:var(--soft);font-size:.82rem}
.pictures{display:flex;flex-wrap:wrap;gap:1.5rem;margin-top:1.5rem}figure{margin:0}
figcaption{font-weight:600;margin-bottom:.25rem}svg text{font-size:11px;fill:var(--soft)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.25rem .6rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--soft);font-weight:500;white-space:nowrap}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.bar{background:linear-gradient(90deg,var(--bar) var(--share),transparent var(--share))}
td.text{min-width:16rem;overflow-wrap:anywhere}
"""
_MOST_FAULTS = 100
"""Rows of a table of faults; the JSON has them all."""
_SIDE = 230
"""Pixels of a picture's square."""
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 10, 14, 40
"""Pixels around it, for ticks and names of the axes."""


def page(report: Report, language: Language = "en") -> str:
    """Return the page."""
    return _Page(report, language).html()


class _Page:
    """A page being written."""

    def __init__(self, report: Report, language: Language) -> None:
        self.report = report
        self.language = language

    def say(self, key: str) -> str:
        return _WORDS[key][self.language == "zh"]

    def name(self, intent: str) -> str:
        return self.say(intent) if intent == OUT_OF_SCOPE else intent

    def html(self) -> str:
        report, title = self.report, self.say("title")
        parts = [
            f'<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{title}</h1>",
            f"<p>{self.say(report.method)} {self.about_model()}</p>",
            self.figures(),
            self.pictures(),
            self.comparison(),
            self.by_language(),
            self.by_intent(),
            self.confused(),
            self.entities(),
            self.knowledge(),
            self.faults(),
            self.mistakes(),
            "</body></html>",
        ]
        return "\n".join(part for part in parts if part)

    def about_model(self) -> str:
        report = self.report
        text = f"{self.say('model')} {report.model_id}. " if report.model_id else ""
        if report.unknown_intents:
            text += self.say("unknown") + ", ".join(report.unknown_intents)
        return escape(text)

    def figures(self) -> str:
        report = self.report
        cells = [
            (f"{report.messages:,}", self.say("messages")),
            (f"{report.in_scope:,}", self.say("in_scope")),
            *(
                (_percent(value), self.say(name))
                for name in ("first_guess", "accuracy", "macro_f1", "out_of_scope_recall")
                if (value := getattr(report, name)) is not None
            ),
            (f"{report.calibration_error:.3f}", self.say("calibration_error")),
        ]
        cells += [
            (_percent(value), self.say(name))
            for name in ("entity_f1", "entity_value_f1")
            if (value := getattr(report, name)) is not None
        ]
        if report.median_us is not None:
            cells.append((f"{report.median_us:.0f}", self.say("median_us")))
        return _figures(cells)

    def pictures(self) -> str:
        report = self.report
        bins = [(b.probability, b.correct, b.messages) for b in report.calibration]
        coverage = [(t.answered, t.correct, 1) for t in report.coverage if t.answered > 0]
        plots = [
            self.plot("calibration", bins, diagonal=True),
            self.plot("coverage", coverage),
        ]
        if report.out_of_scope_recall is not None:
            plots.append(
                self.plot("trade", [(t.answered, t.caught, 1) for t in report.out_of_scope])
            )
        if report.learning_curve:
            steps = [(s.share, s.first_guess, s.examples) for s in report.learning_curve]
            plots.append(self.plot("learning", steps))
        return f'<div class="pictures">{"".join(plots)}</div>'

    def plot(
        self, key: str, points: Sequence[tuple[float, float, int]], *, diagonal: bool = False
    ) -> str:
        """Return a picture of points (x, y, weight) in the unit square, joined by lines."""
        placed = [(_LEFT + _SIDE * x, _TOP + _SIDE * (1 - y)) for x, y, _ in points]
        most = max((weight for _, _, weight in points), default=1)
        radii = [2 + 4 * (weight / most) ** 0.5 if most > 1 else 2.5 for _, _, weight in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        dots = "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:.1f}"><title>{_point(p)}</title></circle>'
            for (x, y), r, p in zip(placed, radii, points, strict=True)
        )
        bottom, right = _TOP + _SIDE, _LEFT + _SIDE
        ideal = f'<path d="M{_LEFT} {bottom}L{right} {_TOP}" stroke="var(--rule)"/>'
        width, height = right + _RIGHT, bottom + _BOTTOM
        caption, x_name, y_name = (self.say(k) for k in (key, f"{key}_x", f"{key}_y"))
        return (
            f"<figure><figcaption>{caption}</figcaption>"
            f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{caption}">{_grid()}{ideal if diagonal else ""}'
            f'<polyline points="{line}" fill="none" stroke="var(--mark)" stroke-width="1.5"/>'
            f'<g fill="var(--mark)">{dots}</g>'
            f'<text x="{_LEFT + _SIDE / 2}" y="{height - 6}" text-anchor="middle">{x_name}</text>'
            f'<text transform="translate(11 {_TOP + _SIDE / 2}) rotate(-90)" '
            f'text-anchor="middle">{y_name}</text></svg></figure>'
        )

    def comparison(self) -> str:
        two = self.report.comparison
        if two is None:
            return ""
        header = ["", self.say("right"), self.say("only")]
        rows = [
            [_cell(self.say("this")), _share(two.accuracy), _cell(str(two.only_this), "n")],
            [
                _cell(f"{self.say('other')} {two.other}"),
                _share(two.other_accuracy),
                _cell(str(two.only_other), "n"),
            ],
        ]
        return (
            f"<h2>{self.say('comparison')}: {self.say(two.verdict)}</h2>{_table(header, rows)}"
            f"<p>{self.say('p_value')}{two.p_value:.2g}</p>"
        )

    def by_language(self) -> str:
        names = ("first_guess", "accuracy", "out_of_scope_recall")
        header = [self.say("language"), *map(self.say, names)]
        rows = [
            [_cell(language), *(_share(row[name]) for name in names)]
            for language, row in self.report.languages.items()
        ]
        return f"<h2>{self.say('languages')}</h2>{_table(header, rows)}"

    def by_intent(self) -> str:
        report = self.report
        spoken = list(report.intents_by_language)
        header = [*map(self.say, ("intent", "examples", "precision", "recall")), "F1"]
        header += [f"F1 {language}" for language in spoken] if len(spoken) > 1 else []
        rows = []
        for name, scores in sorted(report.intents.items(), key=lambda item: item[1].f1):
            row = [_cell(self.name(name)), *_score_cells(scores), _share(scores.f1)]
            if len(spoken) > 1:
                row += [self.language_f1(language, name) for language in spoken]
            rows.append([*row, _cell(self.taken_for(name))])
        return f"<h2>{self.say('intents')}</h2>{_table([*header, self.say('taken_for')], rows)}"

    def language_f1(self, language: Language, name: str) -> str:
        scores = self.report.intents_by_language[language].get(name)
        return _cell("") if scores is None else _share(scores.f1)

    def taken_for(self, name: str) -> str:
        """Return the two classes that an intent is most often mistaken for."""
        row = self.report.confusion[name]
        wrong = [f"{self.name(other)} ({n})" for other, n in row.items() if other != name]
        return ", ".join(wrong[:2])

    def confused(self) -> str:
        if not self.report.confused:
            return ""
        header = [*map(self.say, ("expected", "got", "examples", "example"))]
        most = self.report.confused[0].messages
        rows = [
            [
                _cell(self.name(c.expected)),
                _cell(self.name(c.got)),
                _bar(str(c.messages), c.messages / most),
                _cell(c.example, "text"),
            ]
            for c in self.report.confused
        ]
        return f"<h2>{self.say('confused')}</h2>{_table(header, rows)}"

    def entities(self) -> str:
        if self.report.entities is None:
            return ""
        header = [*map(self.say, ("type", "examples", "precision", "recall")), "F1"]
        rows = [
            [_cell(name), *_score_cells(scores), _share(scores.f1)]
            for name, scores in self.report.entities.items()
        ]
        return f"<h2>{self.say('entities')}</h2>{_table(header, rows)}"

    def knowledge(self) -> str:
        some = self.report.knowledge
        if some is None:
            return ""
        cells = [
            (str(some.questions), self.say("questions")),
            (_percent(some.first), self.say("found_first")),
            (_percent(some.among_three), self.say("found_among")),
            (_percent(some.answered), self.say("answered")),
            (_percent(some.correct), self.say("answer_right")),
        ]
        rows = [
            [_cell(question, "text"), _cell(article), _cell(first or "-")]
            for question, article, first in some.misses
        ]
        header = map(self.say, ("question", "article", "came_first"))
        return f"<h2>{self.say('knowledge')}</h2>{_figures(cells)}{_table(header, rows)}"

    def faults(self) -> str:
        faults = self.report.data_faults
        if not faults:
            return ""
        rows = [
            [
                _cell(f.code),
                _cell(f"{f.path.name}:{f.line}"),
                _cell(f.message_zh if self.language == "zh" else f.message, "text"),
            ]
            for f in faults[:_MOST_FAULTS]
        ]
        header = ("", self.say("where"), self.say("what"))
        left = len(faults) - len(rows)
        more = f"<p>{self.say('more').format(left)}</p>" if left else ""
        return f"<h2>{self.say('faults')}</h2>{_table(header, rows)}{more}"

    def mistakes(self) -> str:
        if not self.report.mistakes:
            return ""
        header = [*map(self.say, ("text", "expected", "got")), "%", self.say("where")]
        rows = [
            [
                _cell(m.text, "text"),
                _cell(self.name(m.expected)),
                _cell(self.name(m.got)),
                _share(m.probability),
                _cell(_where(m), "n"),
            ]
            for m in self.report.mistakes
        ]
        return f"<h2>{self.say('mistakes')}</h2>{_table(header, rows)}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _where(mistake: Mistake) -> str:
    if not mistake.line:
        return ""
    return (
        f"{mistake.path.rpartition('/')[2]}:{mistake.line}" if mistake.path else str(mistake.line)
    )


def _figures(cells: Iterable[tuple[str, str]]) -> str:
    """Return large numbers, each with its words below."""
    parts = (f"<div><b>{value}</b><span>{words}</span></div>" for value, words in cells)
    return f'<div class="figures">{"".join(parts)}</div>'


def _point(point: tuple[float, float, int]) -> str:
    x, y, weight = point
    return f"{_percent(x)} → {_percent(y)}" + (f" ({weight})" if weight > 1 else "")


def _grid() -> str:
    """Return the frame, its lines and the ticks of both axes."""
    parts = [
        f'<rect x="{_LEFT}" y="{_TOP}" width="{_SIDE}" height="{_SIDE}" fill="none" '
        'stroke="var(--rule)"/>'
    ]
    for quarter in range(5):
        along = _SIDE * quarter / 4
        x, y = _LEFT + along, _TOP + _SIDE - along
        parts.append(
            f'<path d="M{x} {_TOP}v{_SIDE}M{_LEFT} {y}h{_SIDE}" stroke="var(--rule)" '
            f'stroke-width=".5"/><text x="{x}" y="{_TOP + _SIDE + 15}" text-anchor="middle">'
            f'{25 * quarter}</text><text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">'
            f"{25 * quarter}</text>"
        )
    return "".join(parts)


def _cell(text: str, kind: str = "") -> str:
    return f"<td class={kind!r}>{escape(text)}</td>" if kind else f"<td>{escape(text)}</td>"


def _share(value: float | None) -> str:
    if value is None:
        return _cell("?", "n")
    return _bar(_percent(value), value)


def _bar(text: str, share: float) -> str:
    return f'<td class="n bar" style="--share:{100 * share:.0f}%">{text}</td>'


def _score_cells(scores: Scores) -> list[str]:
    return [_cell(str(scores.examples), "n"), _share(scores.precision), _share(scores.recall)]


def _table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are HTML already."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
