"""The page of a rehearsal: its tables, with charts of what was late and of the queues, in one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from workbench.rehearsal.compared import Compared, Result
from workbench.rehearsal.figures import Key
from workbench.rehearsal.told import tables

_PAGE = Environment(loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True)
_WORDS = {
    "zh": {"late": "逾期比例（95% 置信区间）", "lengths": "各队列等待数，按日",
           "about": "{begin} 起 {days} 天（前 {warm_up} 天不计），{replications} 次重复，种子 {seed}。",
           "star": "带 * 的差异超出偶然。"},
    "en": {"late": "Share that was late, with 95 % confidence", "lengths": "Tasks that wait in each queue, by day",
           "about": "{days} days from {begin} on, of which {warm_up} do not count; {replications} times, seed {seed}.",
           "star": "A difference with a star is beyond chance."},
}  # fmt: skip


def page(of: Result | Compared, language: str) -> str:
    """The page, as HTML."""
    words = _WORDS[language]
    results = [of] if isinstance(of, Result) else [of.first, of.second]
    plan = results[0].plan
    about = words["about"].format(
        begin=plan.begin, days=plan.days, warm_up=plan.warm_up, replications=plan.replications, seed=plan.seed
    )
    plans = [result.plan.title for result in results]
    return _PAGE.get_template("page.html").render(
        language=language, title=" / ".join(plans), about=f"{about} {words['star']}" if len(plans) > 1 else about,
        plans=plans, words=words, bars=list(_bars(results)), queues=list(_queues(results)),
        tables=list(tables(of, language)),
    )  # fmt: skip


Mark = tuple[float, float, float] | None


def _bars(results: Sequence[Result]) -> Iterator[tuple[str, list[Mark]]]:
    """Of each clause, for each plan: the share that was late, and its interval, from 0 to 1."""
    for name in sorted({key.of for one in results for key in one.values if key.kind == "late"}):
        marks: list[Mark] = []
        for result in results:
            value = result.values.get(Key("late", name))
            if value is None:
                marks.append(None)
                continue
            low, high = (value.mean if one is None else min(1.0, max(0.0, one)) for one in (value.low, value.high))
            marks.append((value.mean, low, high))
        yield name, marks


def _queues(results: Sequence[Result]) -> Iterator[tuple[str, str, list[str]]]:
    """Of each queue: its name, the most that waited, and a line for each plan, as points of a picture of 240 by 68."""
    for name in sorted({queue for one in results for queue in one.lengths}):
        lines = [one.lengths.get(name, ()) for one in results]
        most = max((max(line, default=0.0) for line in lines), default=0.0)
        yield name, f"{most:.0f}", [_points(line, most or 1.0) for line in lines]


def _points(line: Sequence[float], most: float) -> str:
    step = 240 / max(1, len(line) - 1)
    return " ".join(f"{index * step:.1f},{68 - 56 * value / most:.1f}" for index, value in enumerate(line))
