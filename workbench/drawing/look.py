"""The look of pictures: colours by light and dark, icons, and which kind of step looks how."""

from collections.abc import Mapping

HUES: Mapping[str, str] = {
    "human": "people", "service": "machine", "compute": "machine", "decide": "machine", "set": "machine",
    "call": "machine", "notify": "word", "send": "word", "signal": "word", "escalate": "word", "receive": "waits",
    "wait": "waits", "race": "waits", "milestone": "mark", "end": "end", "terminate": "end", "fail": "end",
    "switch": "choice", "fork": "choice", "join": "choice", "any": "waits",
}  # fmt: skip
"""Kind of step → its hue; every other kind, an act, has `other`."""

SHAPES: Mapping[str, str] = {
    "switch": "cut", "fork": "cut", "join": "cut", "end": "pill", "terminate": "pill", "fail": "pill",
}  # fmt: skip

ICONS: Mapping[str, str] = {
    "human": "M8 2.5a2.7 2.7 0 1 1 0 5.4 2.7 2.7 0 0 1 0-5.4zM2.8 14c.4-3 2.4-4.4 5.2-4.4s4.8 1.4 5.2 4.4z",
    "service": "M8 5.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2zM8 1.6v2M8 12.4v2M1.6 8h2M12.4 8h2M3.5 3.5l1.4 1.4"
    "M11.1 11.1l1.4 1.4M12.5 3.5l-1.4 1.4M4.9 11.1l-1.4 1.4",
    "compute": "M3 2.5h10v11H3zM5.2 5h5.6M5.4 8.2h.2M8 8.2h.2M10.4 8.2h.2M5.4 11h.2M8 11h.2M10.4 11h.2",
    "decide": "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.2 3v10",
    "set": "M3 12.9l.7-2.9 6.9-6.9 2.2 2.2-6.9 6.9zM9 4.7l2.2 2.2",
    "notify": "M2 4h12v8.5H2zM2 4.5l6 4.4 6-4.4",
    "send": "M2 8.6 14 2.6 10.2 13.6 7.6 9.4z",
    "receive": "M2 6.2V13h12V6.2M2 6.2 8 10l6-3.8L8 2.4z",
    "wait": "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 4.8V8l2.4 1.8",
    "milestone": "M4 14V2.5M4 3h8.5l-2 2.8 2 2.8H4",
    "end": "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z",
    "fail": "M4 4l8 8M12 4l-8 8",
    "switch": "M8 1.8 14.2 8 8 14.2 1.8 8z",
    "join": "M8 1.8 14.2 8 8 14.2 1.8 8zM8 5.2v5.6M5.2 8h5.6",
    "call": "M2.5 2.5h11v11h-11zM8 5v6M5 8h6",
    "act": "M3.5 13.5 12.5 4.5M8.5 4h4.5v4.5",
    "escalate": "M8 3 13.5 12.5h-11z",
    "compensate": "M3 8a5 5 0 1 1 1.6 3.7M3 8l-1.2-2M3 8l2.2-1",
    "parallel": "M5 2.5v11M11 2.5v11",
    "each": "M3 4.5h10M3 8h10M3 11.5h10",
    "block": "M2.5 4h11v8h-11z",
    "adhoc": "M2 9.2c2-4 4-4 6-1.4s4 2.6 6-1.4",
    "when": "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2z"
    "M6.3 6.3c.2-2.4 3.6-2.2 3.5 0-.1 1.4-1.8 1.4-1.8 3M8 11.4v.3",
    "error": "M8.8 1.8 3.5 9h4l-.8 5.2L12.2 7H8z",
}  # fmt: skip
"""Drawn on 16 by 16 pixels, in lines, so that they look the same everywhere."""
SAME: Mapping[str, str] = {
    "race": "wait", "terminate": "end", "fork": "switch", "signal": "escalate", "after": "wait", "at": "wait",
    "every": "wait", "message": "receive", "escalation": "escalate", "changed": "set", "any": "wait",
    "undo": "compensate",
}  # fmt: skip

LEGEND: Mapping[str, tuple[str, str]] = {
    "people": ("人工办理", "people"), "machine": ("系统处理", "machine"), "word": ("通知与消息", "messages out"),
    "waits": ("等待", "waiting"), "choice": ("判断", "choice"), "mark": ("里程碑", "milestone"),
    "other": ("其他动作", "other acts"), "end": ("结束", "end"),
}  # fmt: skip
WORDS: Mapping[str, tuple[str, str]] = {
    "leaves": ("途中离开", "leaves it meanwhile"), "beside": ("同时进行", "runs beside it"),
    "token": ("当前位置", "where the case stands"), "missed": ("场景未走到", "no scenario went here"),
    "cold": ("少", "few"), "hot": ("多", "many"), "steps": ("{} 个步骤", "{} steps"),
    "stands": ("当前：{}", "now at: {}"),
}  # fmt: skip

STYLE = """
svg{--ink:#17212b;--dim:#55636f;--line:#7b8a98;--page:#fff;--frame:#f6f8fa;--rim:#c9d2da;
--people:#dfecfb;--people-rim:#7fa8d6;--machine:#eceff3;--machine-rim:#a9b4bf;--word:#e0f3e5;--word-rim:#86bd95;
--waits:#fdf3d7;--waits-rim:#d9b65b;--mark:#f0e7fb;--mark-rim:#b394d8;--end:#fbe3e3;--end-rim:#d99090;
--choice:#fdebdc;--choice-rim:#dda878;--other:#e8f1f3;--other-rim:#8fb3bc;--token:#c2410c;--on-token:#fff;
--warm:#e0431a;--missed:#c81e5a}
@media (prefers-color-scheme:dark){svg{--ink:#e8edf2;--dim:#a9b6c2;--line:#8494a3;--page:#11171d;--frame:#182029;
--rim:#3a4753;--people:#1b3551;--people-rim:#4d7cae;--machine:#27313b;--machine-rim:#566573;--word:#1a3824;
--word-rim:#4b8a5e;--waits:#3d3213;--waits-rim:#94793a;--mark:#33254a;--mark-rim:#7c5fa6;--end:#472222;
--end-rim:#9a5757;--choice:#452f1a;--choice-rim:#996a3f;--other:#1d3239;--other-rim:#4f7984;--token:#fb923c;
--on-token:#1c1209;--warm:#ff6a3d;--missed:#ff6b9d}}
text{font:13px "Helvetica Neue",Helvetica,Arial,"Liberation Sans","PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
sans-serif;fill:var(--ink)}
.s{font-size:11px;fill:var(--dim)}.h{font-weight:600}.t{font-size:17px;font-weight:600}.m{text-anchor:middle}
.flow{fill:none;stroke:var(--line);stroke-width:1.5;stroke-linejoin:round}.side{stroke-dasharray:4 3}
.box{stroke-width:1.2}.frame{fill:var(--frame);stroke:var(--rim);stroke-width:1.2}.body{stroke-dasharray:6 4}
.i{fill:none;stroke:var(--dim);stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
.cut{stroke:var(--rim);stroke-width:1}.way{fill:var(--page);fill-opacity:.55}
.leave{fill:var(--waits);stroke:var(--waits-rim)}
.dot{fill:var(--line)}.ring{fill:var(--page);stroke:var(--line);stroke-width:2.5}
.warm{fill:var(--warm)}.here{stroke:var(--token);stroke-width:2.6}
.missed{stroke:var(--missed);stroke-width:2;stroke-dasharray:3 3}
.token{fill:var(--token)}.on{fill:var(--on-token);font-weight:700;font-size:12px}
.badge{fill:var(--page);stroke:var(--rim)}.b{font-size:11px;font-weight:600}
"""
