"""An evaluation as one self-contained HTML page, in English or Chinese, pictures as inline SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nlp.evaluation import Report
    from nlp.understanding import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("How well messages are understood", "消息理解评测"),
    "messages": ("Messages", "消息数"),
    "first_guess": ("First guess right", "首选正确率"),
    "accuracy": ("Right and not refused", "正确且未拒答"),
    "macro_f1": ("Macro F1", "宏平均 F1"),
    "out_of_scope_recall": ("Out of scope refused", "范围外拒答率"),
    "calibration_error": ("Calibration error", "校准误差"),
    "median_us": ("Median µs a message", "单条耗时中位数（µs）"),
    "calibration": ("Probability against correctness", "概率与正确率"),
    "coverage": ("Coverage (x) against correctness (y)", "覆盖率（横）与正确率（纵）"),
    "trade": (
        "In scope answered (x), out of scope caught (y)",
        "范围内作答（横）与范围外拦截（纵）",
    ),
    "intent": ("Intent", "意图"),
    "examples": ("Examples", "样本数"),
    "precision": ("Precision", "精确率"),
    "recall": ("Recall", "召回率"),
    "taken_for": ("Mostly taken for", "最常误判为"),
    "entities": ("Entities", "实体"),
    "language": ("Language", "语言"),
    "mistakes": ("Mistakes, surest first", "错误（按把握从高到低）"),
    "text": ("Message", "消息"),
    "expected": ("Expected", "应为"),
    "got": ("Understood", "判为"),
}
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}td,th{padding:.2rem .6rem;text-align:left;"
    "border-bottom:1px solid #ddd}figure{display:inline-block;margin:1rem 1rem 1rem 0}"
    "figcaption{font-size:.85rem}td.n{text-align:right;font-variant-numeric:tabular-nums}"
)
_SIDE = 240
"""Pixels of a picture's side."""


def page(report: Report, language: Language = "en") -> str:
    """Return the page."""

    def say(key: str) -> str:
        return _WORDS[key][language == "zh"]

    bins = [(b.probability, b.correct) for b in report.calibration]
    coverage = [(t.answered, t.correct) for t in report.coverage if t.answered > 0]
    trade = [(t.answered, t.caught) for t in report.out_of_scope]
    parts = [
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">',
        f"<title>{say('title')}</title><style>{_STYLE}</style><h1>{say('title')}</h1>",
        f"<p>{escape(report.method)} {escape(report.model_id or '')}</p>",
        _table([], [(say(name), figure) for name, figure in _headlines(report)]),
        _plot(say("calibration"), bins, diagonal=True),
        _plot(say("coverage"), coverage),
        _plot(say("trade"), trade) if report.out_of_scope_recall is not None else "",
        _table(
            [say("language"), say("first_guess"), say("accuracy"), say("out_of_scope_recall")],
            [(name, *map(_percent, row.values())) for name, row in report.languages.items()],
        ),
        _table(
            [say("intent"), say("examples"), say("precision"), say("recall"), say("taken_for")],
            [
                (name, str(s.examples), _percent(s.precision), _percent(s.recall), wrong)
                for name, s in sorted(report.intents.items(), key=lambda item: item[1].f1)
                for wrong in [_taken_for(name, report.confusion[name])]
            ],
        ),
    ]
    if report.entities is not None:
        rows = [
            (name, str(s.examples), _percent(s.precision), _percent(s.recall))
            for name, s in report.entities.items()
        ]
        header = [say("entities"), say("examples"), say("precision"), say("recall")]
        parts.append(_table(header, rows))
    parts.append(f"<h2>{say('mistakes')}</h2>")
    header = [say("text"), say("expected"), say("got"), "%"]
    rows_of = [(m.text, m.expected, m.got, _percent(m.probability)) for m in report.mistakes]
    parts.append(_table(header, rows_of))
    return "\n".join(parts)


def _headlines(report: Report) -> list[tuple[str, str]]:
    figures: list[tuple[str, str]] = [("messages", str(report.messages))]
    for name in ("first_guess", "accuracy", "macro_f1", "out_of_scope_recall"):
        value: float | None = getattr(report, name)
        if value is not None:
            figures.append((name, _percent(value)))
    figures.append(("calibration_error", f"{report.calibration_error:.3f}"))
    if report.median_us is not None:
        figures.append(("median_us", f"{report.median_us:.0f}"))
    return figures


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _taken_for(name: str, row: Mapping[str, int]) -> str:
    """Return the two classes that an intent is most often mistaken for."""
    wrong = [f"{other} ({count})" for other, count in row.items() if other != name]
    return ", ".join(wrong[:2])


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>" if header else f"<table>{body}</table>"


def _plot(caption: str, points: Sequence[tuple[float, float]], *, diagonal: bool = False) -> str:
    """Return a picture of points in the unit square, joined by lines."""
    placed = [(_SIDE * x, _SIDE * (1 - y)) for x, y in points]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in placed)
    ideal = f'<path d="M0 {_SIDE}L{_SIDE} 0" stroke="#bbb"/>' if diagonal else ""
    return (
        f'<figure><svg width="{_SIDE + 20}" height="{_SIDE + 20}" '
        f'viewBox="-10 -10 {_SIDE + 20} {_SIDE + 20}" role="img" aria-label="{escape(caption)}">'
        f'<rect width="{_SIDE}" height="{_SIDE}" fill="none" stroke="#888"/>{ideal}'
        f'<polyline points="{line}" fill="none" stroke="#2459a8"/><g fill="#2459a8">{dots}</g>'
        f"</svg><figcaption>{escape(caption)}</figcaption></figure>"
    )
