"""rdev and its peers: the command that starts each with reloading."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

from environment import Tools
from projects import Project

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.create_server((HOST, 0)) as server:
        return server.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """`command` takes the programs, what to serve, and a free port."""

    name: str
    title: str
    command: Callable[[Tools, Project, int], list[str]]
    serves: Callable[[Project], bool] = lambda project: True


def _rdev(tools: Tools, project: Project, port: int) -> list[str]:
    options = ["--reload", "--plain", "--python", str(tools.venv), "--port", str(port)]
    return [str(tools.rdev), *options, project.target]


def _gunicorn(tools: Tools, project: Project, port: int) -> list[str]:
    options = ["--reload", "--worker-class", "gthread", "--threads", "8"]
    return [tools.program("gunicorn"), *options, "--bind", f"{HOST}:{port}", project.target]


def _granian(tools: Tools, project: Project, port: int) -> list[str]:
    options = ["--reload", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    return [tools.program("granian"), *options, project.target]


def _werkzeug(tools: Tools, project: Project, port: int) -> list[str]:
    options = ["run", "--debug", "--host", HOST, "--port", str(port)]
    return [tools.program("flask"), "--app", project.target, *options]


def _uvicorn(tools: Tools, project: Project, port: int) -> list[str]:
    options = ["--reload", "--interface", "wsgi", "--host", HOST, "--port", str(port)]
    return [tools.program("uvicorn"), *options, project.target]


def _django(tools: Tools, project: Project, port: int) -> list[str]:
    return [tools.program("python"), "manage.py", "runserver", f"{HOST}:{port}"]


def _hupper(tools: Tools, project: Project, port: int) -> list[str]:
    listen = f"--listen={HOST}:{port}"
    return [tools.program("hupper"), "-m", "waitress", listen, project.target]


SERVERS = {
    server.name: server
    for server in (
        Server("rdev", "rdev --reload", _rdev),
        Server("gunicorn", "gunicorn --reload (gthread)", _gunicorn),
        Server("granian", "granian --reload", _granian),
        Server(
            "werkzeug",
            "flask run --debug (stat)",
            _werkzeug,
            serves=lambda project: not project.is_django,
        ),
        Server("uvicorn", "uvicorn --reload (watchfiles)", _uvicorn),
        Server(
            "django",
            "manage.py runserver",
            _django,
            serves=lambda project: project.is_django,
        ),
        Server("hupper", "hupper + waitress", _hupper),
    )
}
