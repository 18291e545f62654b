"""What people change of their own account: password and second factor, by page and by program under the same rules."""

from starlette.requests import Request

from web import show
from web.accounts import SHORTEST, Asked, Refused
from web.deps import must_have_second
from web.desk import Desk
from web.problems import Problem


def told(desk: Desk, refused: Refused) -> str:
    """Why somebody does not get in, in words."""
    return desk.say(refused.why, until=show.moment(desk, refused.until)) if refused.until else desk.say(refused.why)


def address(request: Request) -> str:
    return request.client.host if request.client else ""


def change_password(request: Request, desk: Desk, old: str, new: str) -> None:
    """Takes the one there is as well, and ends all sessions. Raises Problem; wrong ones count as at signing in."""
    app = request.app.state
    if app.throttle.closed(address(request)):
        raise Problem(429, "slow_down", desk.say("slow_down"))
    if isinstance(app.accounts.sign_in(desk.caseway.connection, desk.user, old), Refused):
        app.throttle.failed(address(request))
        raise Problem(422, "wrong", desk.say("wrong"))
    if app.accounts.set_password(desk.user, new, desk.user) is not None:
        raise Problem(422, "short", desk.say("short", least=SHORTEST))


def confirm_second(request: Request, desk: Desk, code: str) -> list[str]:
    """Switches the second factor on with its first code; the recovery codes. All sessions end. Raises Problem."""
    accounts = request.app.state.accounts
    codes: list[str] = accounts.factors.confirm(desk.caseway.connection, desk.user, code)
    if not codes:
        raise Problem(422, "wrong_code", desk.say("wrong_code"))
    accounts.end_sessions(desk.user)
    return codes


def remove_second(request: Request, desk: Desk, code: str) -> None:
    """Takes a code as well, so that an open browser alone does not do it. All sessions end. Raises Problem."""
    accounts, connection = request.app.state.accounts, desk.caseway.connection
    if must_have_second(request, desk):
        raise Problem(403, "second_factor", desk.say("second.must"))
    found = accounts.second(connection, Asked(desk.user, accounts.generation(connection, desk.user)), code)
    if isinstance(found, Refused):
        raise Problem(422, found.why, told(desk, found))
    accounts.factors.remove(desk.user)
    accounts.end_sessions(desk.user)
