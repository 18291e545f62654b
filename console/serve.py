"""`serve`: pages, API and worker in one process; and passwords of accounts."""

import atexit
import secrets
import signal
import socket
import threading
from contextlib import suppress
from ipaddress import ip_network
from typing import Annotated, Any

import typer

from console import logs
from console.attend import attend, delivery_of
from console.options import HERE, AsOption, DatabaseOption, HomeOption, opened
from console.output import known, say, stop
from console.quarter import make_demonstration

NetworkOption = Annotated[
    list[str],
    typer.Option(
        "--webhook-network",
        envvar="CASEWAY_WEBHOOK_NETWORKS",
        help="A network inside that webhooks may lead to, as 10.1.0.0/16. May be repeated. Else only public addresses.",
    ),
]
SecondOption = Annotated[
    list[str],
    typer.Option(
        "--second-factor",
        envvar="CASEWAY_SECOND_FACTOR",
        help="A role that does not get in without a second factor, as admin. May be repeated.",
    ),
]
MetricsOption = Annotated[
    str,
    typer.Option(
        "--metrics", envvar="CASEWAY_METRICS", help="Where Prometheus finds figures: a port, or ADDRESS:PORT."
    ),
]
LogOption = Annotated[str, typer.Option("--log", envvar="CASEWAY_LOG", help="What log lines look like: text or json.")]
LevelOption = Annotated[
    str, typer.Option("--log-level", envvar="CASEWAY_LOG_LEVEL", help="debug, info, warning or error.")
]
ProxyOption = Annotated[
    list[str],
    typer.Option(
        "--proxy",
        envvar="CASEWAY_PROXIES",
        help="Address or network of the proxies before this server, which are believed who asks. May be repeated.",
    ),
]
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
KEEP_ALIVE = 75
"""Seconds for which a connection stays open between requests: people think for longer than the usual five, and each
connection closed meanwhile is one that a program may be about to use."""


def serve(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free.")] = 8321,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo",
            help="Give all people one password, and show who there is; a new folder gets the demonstration first.",
        ),
    ] = False,
    work: Annotated[bool, typer.Option("--work/--no-work", help="Also fire timers and do service work.")] = True,
    secure: Annotated[bool, typer.Option("--secure", help="Reached over TLS: cookies are kept to it.")] = False,
    proxy: ProxyOption = [],  # noqa: B006  (Typer's own way)
    rate: Annotated[float, typer.Option(min=0, help="Requests a second that one caller may make; 0: any number.")] = 50,
    metrics: MetricsOption = "",
    log: LogOption = "text",
    log_level: LevelOption = "warning",
    network: NetworkOption = [],  # noqa: B006  (Typer's own way)
    second_factor: SecondOption = [],  # noqa: B006  (Typer's own way)
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Starts the pages, the API and the worker, until stopped (Ctrl-C finishes what is under way)."""
    import uvicorn

    from web.app import create_app

    logs.begin(log, log_level)
    reach = reach_of(network)
    proxies_of(proxy)
    if demo and not database and not (home / "caseway.key").exists():
        make_demonstration(home)
    with opened(home, database) as caseway:
        listening = _listen(host, port)
        address = f"http://{'[::1]' if host == '::1' else host}:{listening.getsockname()[1]}"
        accounts = _demo(caseway) if demo else None
        if demo and host not in LOOPBACK:
            say("Everybody who reaches this address can sign in: --demo is not for work.")
        for role in second_factor:
            known(role, caseway.definitions.house().roles, "role")
        app = create_app(
            caseway, secure=secure, demo=accounts, reach=reach, second_factor=second_factor,
            provider=_provider(caseway), watches=observed(caseway, metrics), rate=rate,
        )  # fmt: skip

        class Server(uvicorn.Server):
            """Ends the streams of pages that are open when it is stopped: it would wait for them."""

            def handle_exit(self, sig: int, frame: Any) -> None:
                app.state.live.close()
                super().handle_exit(sig, frame)

        server = Server(configured(app, proxy))
        stopping = threading.Event()
        # Daemon: a fault of the server must not leave a process that only works in the dark.
        worker = threading.Thread(target=attend, args=(caseway, stopping, reach), name="worker", daemon=True)
        _ = caseway.runner, caseway.sweeper, caseway.executor  # made once, before threads share them
        if work:
            delivery_of(caseway)
        say(f"Caseway is at {address}; stop with Ctrl-C")
        if accounts:
            people = ", ".join(f"{user} ({role})" for user, role in _such_as(caseway, accounts[1]).items())
            say(f"Password of all {len(accounts[1])} people: {accounts[0]}\nSuch as {people}")
        caseway.bell.connect(caseway.database)  # workers on other machines hear what is done here
        if work:
            worker.start()
        # When the server has ended it raises the signal again: the worker and the database are to end in peace, too.
        signal.signal(signal.SIGTERM, lambda *_: None)
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listening])
        stopping.set()
        caseway.bell.ring()
        if work:
            worker.join()


def configured(app: Any, proxies: list[str]) -> Any:
    """How the server runs. proxies: whose word counts for who asks (`X-Forwarded-For`) and by which scheme."""
    import uvicorn

    return uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10,
        timeout_keep_alive=KEEP_ALIVE, proxy_headers=bool(proxies), forwarded_allow_ips=proxies,
    )  # fmt: skip


def proxies_of(proxies: list[str]) -> None:
    """Stops with what is neither an address nor a network."""
    for one in proxies:
        try:
            ip_network(one)
        except ValueError as error:
            stop(f"--proxy: {error}", "A proxy is written as 10.1.2.3, or the network of several as 10.1.0.0/16.", 2)


def observed(caseway: Any, metrics: str) -> list[Any]:
    """What observes this program, begun: figures at the address for metrics, traces where the environment asks."""
    from bootstrap.traces import from_environment

    found: list[Any] = []
    if metrics:
        from prometheus_client import start_http_server

        from bootstrap.metrics import Metrics

        host, _, port = metrics.rpartition(":")
        if not port.isdecimal():
            stop(f"--metrics: expected a port, or an address and a port, not {metrics!r}", code=2)
        found.append(Metrics(caseway))
        try:
            start_http_server(int(port), host or "127.0.0.1", found[0].registry)
        except OSError as error:
            stop(f"{metrics} cannot be listened at: {error.strerror}", "Choose another port for --metrics.")
    traces = from_environment()
    if traces is not None:
        caseway.runner.observe(traces.batch)
        atexit.register(traces.close)
        found.append(traces)
    return found


def reach_of(networks: list[str]) -> Any:
    """Where webhooks may lead; stops with what is no network."""
    from web.reach import Reach

    try:
        return Reach.of(networks)
    except ValueError as error:
        stop(f"--webhook-network: {error}", "A network is written as 10.1.0.0/16.", 2)


def password(
    user: Annotated[str, typer.Argument(help="A user of the organisation.")],
    actor: AsOption = "system",
    home: HomeOption = HERE,
    database: DatabaseOption = "",
) -> None:
    """Gives a user a password, asked for twice; the sessions that they have end."""
    from web.accounts import SHORTEST, Accounts

    with opened(home, database) as caseway:
        accounts = Accounts(caseway)
        if not accounts.in_service(user):
            stop(f"{user} is not a user in service.", "List them: caseway user list")
        chosen = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        if accounts.set_password(user, chosen, actor) is not None:
            stop(f"A password has at least {SHORTEST} characters.")
        say(f"{user} can sign in with it now.")


def _provider(caseway: Any) -> Any:
    """The OpenID provider that the folder's oidc.yaml names, if there is one."""
    from web.oidc import Provider, settings

    try:
        found = settings(caseway.home.folder)
    except ValueError as error:
        stop(str(error), code=2)
    return None if found is None else Provider(found)


def _demo(caseway: Any) -> tuple[str, list[str]]:
    """One new password for everybody in service who serves a queue or leads people."""
    from web.accounts import Accounts

    accounts, directory = Accounts(caseway), caseway.directory
    users = [user for user in directory.users if accounts.in_service(user)]
    chosen = f"demo-{secrets.token_hex(4)}"
    accounts.set_passwords(users, chosen, "demo")
    return chosen, sorted(users, key=lambda user: (-len(directory.serving(user)), user))


def _such_as(caseway: Any, users: list[str]) -> dict[str, str]:
    """Somebody for each role that sees pages of its own, and first of all a handler: the one with most work."""
    from tasks import queries

    directory = caseway.directory
    leads = dict.fromkeys(("supervisor", "manager", "designer", "compliance", "director", "admin"))

    def work(user: str) -> tuple[int, int]:
        """In hand, and offered."""
        offered = sum(queries.count(caseway.connection, one) for one in directory.serving(user))
        return min(queries.load(caseway.connection, user), 1), offered

    first = max((user for user in users if directory.roles(user).isdisjoint(leads)), key=work, default="")
    found = {first: "handler"} if first else {}
    for role in leads:
        user = next((user for user in users if role in directory.roles(user) and user not in found), "")
        found |= {user: role} if user else {}
    return found


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        stop(f"{host}:{port} cannot be listened at: {error.strerror}", "Choose another: --port 0 takes a free one.")
    raise AssertionError  # unreachable: stop ends the command
