"""The task of one item of many: its page says which item it is, and what was filled in for that item alone."""

import re

from bootstrap import SHIPPED
from engine.core.commands import StartCase
from engine.runtime.answers import Accepted
from tests.web.conftest import Town
from workbench.story import form_of


def test_who_works_on_one_of_many_sees_which_and_what_was_said_of_it(town: Town) -> None:
    town.caseway.deploy(SHIPPED, "dong_lei", only={"archive_destruction.yaml"})
    answer = town.caseway.start(StartCase("archive_destruction", {"round_note": "一轮"}), "mu_wan")
    assert isinstance(answer, Accepted), answer
    town.settle(1)
    sql = "SELECT id FROM tasks WHERE number = ? AND closed_at IS NULL ORDER BY id"
    tasks = [row[0] for row in town.caseway.connection.all(sql, (answer.number,))]
    visitor = town.browser("tan_yu")

    def item(task: int) -> list[str]:
        text = visitor.get(f"/tasks/{answer.number}/{task}").text
        return re.findall(r"<dt>Whose time is over</dt><dd>Number: ([A-Z0-9-]+)", text)

    told = [item(task) for task in tasks]
    assert [len(each) for each in told] == [2, 2, 2]  # the item, and the list of all that begins with the first
    assert [each[0] for each in told] == ["LP-2014-000321", "TB-2016-000450", "LP-2015-001077"]
    form = form_of(town.caseway, answer.case, tasks[1]) or {}  # as the command line tells it
    assert [(one["item"], one["value"]["number"]) for one in form["about"]] == [("entry", "TB-2016-000450")]
    path = f"/tasks/{answer.number}/{tasks[0]}"
    visitor.post(f"{path}/claim")
    text = visitor.get(path).text
    made = {name: re.findall(rf'name="{name}" value="([^"]*)"', text)[0] for name in ("command", "revision")}
    note = {"data.appraisal_note": "曾有异议", "data.extended_until": ""}
    done = visitor.post(f"{path}/complete", outcome="doubt", **note, **made)
    assert done.status_code == 303, done.text
    legal, newest = town.browser("peng_hao"), town.task_of(answer.number)
    assert "曾有异议</textarea>" in legal.get(f"/tasks/{answer.number}/{newest}").text
    assert "曾有异议" not in visitor.get(f"/tasks/{answer.number}/{tasks[1]}").text.split('id="latest"')[0]
