"""Snippets for editors: what is typed most, ready to fill in. In the form of Visual Studio Code, which others read too.

A body is YAML with places `${1:name}`; with every place as it stands it compiles (a test sees to it), as a step under
`steps:`, or at the top of a file.
"""

from collections.abc import Mapping
from typing import Any

_Snippet = tuple[str, str]
"""What it is for, and its body."""

STEPS: Mapping[str, _Snippet] = {
    "human": (
        "A person's task with a form",
        "${1:review}:\n"
        "  title: {zh: ${2:审核}, en: ${3:Review}}\n"
        "  human: {queue: ${4:intake}}\n"
        "  form: [${5:finding}]\n"
        "  limit: ${6:3wd}\n",
    ),
    "decision": (
        "A person's task with outcomes that lead elsewhere",
        "${1:approve}:\n"
        "  title: {zh: ${2:审批}, en: ${3:Approve}}\n"
        "  human: {queue: ${4:approval}, not_by: [${5:propose}]}\n"
        "  outcomes:\n"
        "    approve: {title: {zh: 同意, en: Approve}, next: ${6:approved}}\n"
        "    refuse: {title: {zh: 不同意, en: Refuse}, reason: required, next: ${7:refused}}\n",
    ),
    "switch": (
        "Ways by condition",
        '${1:route}:\n  switch:\n    - {when: "${2:major}", next: ${3:senior}}\n    - {else: ${4:ordinary}}\n',
    ),
    "parallel": (
        "Branches side by side",
        "${1:both}:\n"
        "  parallel:\n"
        "    branches:\n"
        "      ${2:papers}: {do: {${3:check_papers}: {human: {queue: ${4:intake}}, form: [${5:missing}]}}}\n"
        "      ${6:money}: {do: {${7:check_amount}: {human: {queue: ${8:payment}}, form: [${9:amount}]}}}\n",
    ),
    "each": (
        "Once for each item of a list",
        "${1:every}:\n"
        "  each:\n"
        "    over: ${2:papers}\n"
        "    as: ${3:paper}\n"
        "    do: {${4:look}: {human: {queue: ${5:intake}}, form: [${6:result}]}}\n",
    ),
    "receive": (
        "Waits for a message, and looks after it when it does not come",
        "${1:wait_for_reply}:\n"
        "  receive: {message: ${2:customer_reply}, key: number, into: {${3:reply}: ${4:text}}}\n"
        "  meanwhile:\n"
        "    - {after: ${5:10d}, next: ${6:no_reply}}\n",
    ),
    "race": (
        "The first of several: a message, or time",
        "${1:first_of}:\n"
        "  race:\n"
        "    - {message: ${2:customer_reply}, key: number, next: ${3:replied}}\n"
        "    - {after: ${4:10d}, next: ${5:no_reply}}\n",
    ),
    "notify": (
        "A notice from notices/",
        "${1:tell}:\n  notify: [${2:customer}]\n  with: ${3:received}\n",
    ),
    "set": ("Writes into the data", "${1:note}: {set: {${2:result}: \"'${3:done}'\"}}\n"),
    "decide": (
        "Answers from a decision table",
        "${1:grade}:\n  decide: {table: ${2:decisions/grade.csv}, into: ${3:severity}}\n",
    ),
    "block": (
        "Steps that end together, with a handler of an error",
        "${1:payment}:\n"
        "  block:\n"
        "    ${2:enter}: {human: {queue: ${3:payment}}, form: [${4:payment}]}\n"
        "    ${5:refused}: {fail: ${6:payment_failed}}\n"
        "  meanwhile:\n"
        "    - {error: ${6:payment_failed}, next: ${7:by_hand}}\n"
        "  next: ${8:paid}\n",
    ),
    "call": (
        "Another process as a case of its own",
        "${1:pay}:\n"
        "  call: {process: ${2:payment_order}, data: {${3:amount}: ${4:amount}}, into: {${5:result}: end}}\n",
    ),
    "milestone": ("A point that clocks hang on", "${1:answered}: {milestone: ${1:answered}}\n"),
}
"""Under `steps:`."""

TOPS: Mapping[str, _Snippet] = {
    "clock": (
        "A time limit with its ladder",
        "clocks:\n"
        "  ${1:whole}:\n"
        "    title: {zh: ${2:时限}, en: ${3:Limit}}\n"
        "    clauses: [${4:A-4.4}]\n"
        "    origin: ${5|manual,law,target|}\n"
        "    runs: {from: ${6:received_at}, until: ${7:answered}}\n"
        "    limit: ${8:30wd}\n"
        "    ladder:\n"
        "      - {at: 80%, notify: [owner], with: ${9:clock_near}}\n"
        '      - {at: due, priority: "+20", notify: [role.${10:supervisor}], with: ${9:clock_near}}\n',
    ),
    "meanwhile": (
        "What may happen at any time",
        "meanwhile:\n  - message: ${1:withdrawn}\n    key: number\n    do: {${2:gone}: {terminate: ${3:withdrawn}}}\n",
    ),
    "accepted": (
        "A finding of caseway lint that is well as it is",
        "accepted:\n  - {check: ${1:CW665}, step: ${2:answer}, reason: ${3:why}}\n",
    ),
}
"""At the top of a process file."""


def snippets() -> dict[str, Any]:
    """The snippets file: by name, each with the prefix `cw-…` that one types."""
    whole = {**STEPS, **TOPS}
    return {
        f"Caseway: {name}": {"prefix": f"cw-{name}", "description": text, "scope": "yaml", "body": body.splitlines()}
        for name, (text, body) in whole.items()
    }
