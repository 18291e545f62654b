"""What commands of people ask for, found: the case, if it may take them, the task, the form filled in, the reason."""

from engine.core.commands import Refuse
from engine.core.data import type_of
from engine.core.machine import Turn
from engine.core.model import Human, Json, Node, Path
from engine.core.state import CLOSING, READY, FlowState, Token
from engine.core.values import ValueProblem, normalise


def open_case(turn: Turn, *, also_suspended: bool = True) -> FlowState:
    """The flow, if the case can take a command. Raises Refuse if it has ended or may not move."""
    flow: FlowState = turn.state.flow
    if flow.status == "new":
        raise no_case(turn)
    if flow.status == "ended":
        en = f"case {flow.number} has ended ({flow.end or 'cancelled'})"
        raise Refuse("ended", f"案件 {flow.number} 已经结束（{flow.end or '已撤销'}）", en)
    if flow.status == "suspended" and not also_suspended:
        en = f"case {flow.number} is suspended: resume it first"
        raise Refuse("suspended", f"案件 {flow.number} 已中止，恢复后才能办理", en)
    return flow


def no_case(turn: Turn) -> Refuse:
    """There is no such case: the command would have to be the first."""
    case = turn.request.case
    return Refuse("unknown", f"没有案件 {case}", f"there is no case {case}")


def task_token(turn: Turn, task: int) -> tuple[Token, Node, Human]:
    """The open task of that number. Raises Refuse, saying what has become of it."""
    flow = open_case(turn, also_suspended=False)
    token = flow.tokens.get(task)
    if token is None or token.phase == CLOSING:
        raise Refuse("closed", f"任务 {task} 已经结束", f"task {task} of case {flow.number} is no longer open")
    node = turn.process.nodes[token.at]
    if not isinstance(node.spec, Human):
        en = f"{node.id} in case {flow.number} is not a person's task"
        raise Refuse("no_task", f"步骤 {node.id} 不由人办理", en)
    if token.phase == READY:
        en = f"task {task} of case {flow.number} waits for an incident to be mended"
        raise Refuse("incident", f"任务 {task} 有异常待处理", en)
    return token, node, node.spec


def form_changes(turn: Turn, form: tuple[Path, ...], data: dict[str, Json]) -> dict[str, Json]:
    """What was filled in, in the form the state keeps, by dotted path. Raises Refuse naming each wrong field."""
    known = {".".join(path): path for path in form}
    flat = _flat(data, known)
    fields = {}
    changes: dict[str, Json] = {}
    for name, value in flat.items():
        if name not in known:
            fields[name] = {"zh": "表单中没有此项", "en": "The form has no such field"}
            continue
        try:
            changes[name] = normalise(value, type_of(turn.process.names, known[name]))
        except ValueProblem as problem:
            fields[name] = {"zh": "不是有效的值", "en": str(problem)}
    if fields:
        raise wrong_fields(fields)
    return changes


def wrong_fields(fields: dict[str, dict[str, str]]) -> Refuse:
    """The fields of a form that cannot be taken, with why, by language."""
    named = ", ".join(fields)
    return Refuse("form", f"以下各项有误：{named}", f"these fields cannot be taken: {named}", fields)


def _flat(data: dict[str, Json], known: dict[str, Path], prefix: str = "") -> dict[str, Json]:
    """Objects on the way to a field of the form are opened: {"payee": {"name": ..}} is payee.name."""
    flat: dict[str, Json] = {}
    for name, value in data.items():
        path = prefix + name
        if path not in known and isinstance(value, dict) and any(k.startswith(path + ".") for k in known):
            flat |= _flat(value, known, path + ".")
        else:
            flat[path] = value
    return flat


MOST_REASON = 4_000
"""Characters of a reason."""


def given_reason(text: str) -> str:
    """The reason given. Raises Refuse if there is none, or more than a reason."""
    text = text.strip()
    if not text:
        fields = {"reason": {"zh": "请说明理由", "en": "Give the reason"}}
        raise Refuse("reason", "请说明理由", "expected a reason", fields)
    if len(text) > MOST_REASON:
        raise Refuse("reason", f"理由至多 {MOST_REASON} 个字符", f"a reason has at most {MOST_REASON} characters")
    return text


def begun(turn: Turn) -> FlowState:
    """The flow, of a case that may also have ended. Raises Refuse if there is no such case."""
    flow: FlowState = turn.state.flow
    if flow.status == "new":
        raise no_case(turn)
    return flow
