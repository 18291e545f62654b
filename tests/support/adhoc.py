"""A process with two ad-hoc blocks: one that somebody finishes, and one with a condition."""

from pathlib import Path

NAME = "incident_command"
SCENE = """\
process: incident_command
title: {zh: 现场指挥, en: Incident command}
number: IC-{year}-{seq}
calendar: insurer
data:
  type: object
  properties:
    safe: {type: boolean, title: {zh: 现场安全, en: Safe}}
owner: {first: arrive, else_queue: intake}
start: {by: [staff]}
steps:
  arrive: {title: {zh: 到场, en: Arrive}, human: {queue: intake}}
  scene:
    title: {zh: 现场处置, en: At the scene}
    adhoc:
      steps:
        photo: {title: {zh: 拍照, en: Take photos}, human: {queue: intake}}
        witness: {title: {zh: 询问证人, en: Hear a witness}, human: {queue: intake}}
  securing:
    title: {zh: 安全确认, en: Securing}
    adhoc:
      steps:
        check: {title: {zh: 检查, en: Check}, human: {queue: intake}, form: [safe]}
      until: safe
  closed: {title: {zh: 办结, en: Closed}, end: closed}
"""


def written(processes: Path) -> Path:
    """The folder, with the process among those that lie there."""
    (processes / f"{NAME}.yaml").write_text(SCENE, encoding="utf-8")
    return processes
