"""The register of claims by event: a claim is found by the next of its event until it is withdrawn."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bootstrap import SHIPPED, Caseway, Home
from engine.core.commands import CompleteTask, StartCase
from engine.runtime.answers import Accepted
from engine.runtime.clock import VirtualClock
from workbench.scenarios import set_up
from workbench.story import state_of

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
CLAIM = {
    "channel": "phone", "reported_at": "2026-03-02T09:00+08:00", "policy_number": "PM2026000001",
    "customer_name": "王建国", "customer_phone": "13800000001", "line": "motor", "event": "collision",
    "loss_date": "2026-03-01", "description": "剐蹭", "claimed_amount": 900,
}  # fmt: skip


def test_a_withdrawn_claim_leaves_the_register_of_its_event(tmp_path: Path) -> None:
    set_up(tmp_path, SHIPPED)
    clock = VirtualClock(AT)
    with Caseway(Home(tmp_path), clock) as app:

        def settle() -> None:
            for _ in range(4):
                app.sweep()
                app.work()

        def claimed() -> Accepted:
            answer = app.start(StartCase("claims", dict(CLAIM)), "lu_yao")
            assert isinstance(answer, Accepted), answer
            task = next(n for n, t in state_of(app, answer.case)[0].flow.tokens.items() if t.at == "intake")
            done = app.ask(answer.case, CompleteTask(task, "accept", {"line": "motor"}), "wang_fang")
            assert isinstance(done, Accepted), done
            settle()
            clock.set(clock.now() + timedelta(minutes=1))
            return answer

        def earlier(claim: Accepted) -> object:
            return state_of(app, claim.case)[0].flow.data["same_event"]

        first, second = claimed(), claimed()
        assert earlier(first) == [] and earlier(second) == [first.number]
        assert app.receive("m", "claim_withdrawn", first.number, {"reason": "自行修理"}, "customer") is None
        settle()
        assert state_of(app, first.case)[0].flow.end == "withdrawn"
        third = claimed()
        assert earlier(third) == [second.number]

        # A court comes in between while the register is asked: the claim is entered again, and compliance decides.
        app.receive("n", "claim_withdrawn", second.number, {"reason": "自行修理"}, "customer")
        app.sweep()
        app.receive("o", "litigation_notice", second.number, {"reference": "C-1"}, "ma_chao")
        settle()
        assert "withdrawal_in_court" in {t.at for t in state_of(app, second.case)[0].flow.tokens.values()}
        assert earlier(claimed()) == [third.number, second.number]
