"""The applications that are served: each a project in a folder of its own, made afresh
for each server, with one constant that is edited again and again.

Invariant: `/wording` answers with that constant and nothing else.
"""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from environment import Tools

APPS = Path(__file__).resolve().parents[1] / "apps"
FIRST = "first"

# Where in the order of imports the edited one of many modules stands.
POSITIONS: dict[str, Callable[[int], int]] = {
    "first": lambda modules: 0,
    "middle": lambda modules: modules // 2,
    "late": lambda modules: modules - 1,
}


@dataclass(frozen=True)
class Project:
    """A kind of application; `make` writes one into an empty folder."""

    name: str
    title: str
    target: str
    edited: str
    make: Callable[[Path, Tools], None]
    is_django: bool = False

    @property
    def module(self) -> str:
        return self.target.partition(":")[0]


def _make_flask(folder: Path, tools: Tools) -> None:
    shutil.copytree(APPS / "flask_shop", folder, dirs_exist_ok=True)


def _make_django(folder: Path, tools: Tools) -> None:
    shutil.copytree(APPS / "django_site", folder, dirs_exist_ok=True)
    subprocess.run([tools.program("python"), "prepare.py"], cwd=folder, check=True)


def _make_pandas(folder: Path, tools: Tools) -> None:
    shutil.copytree(Path(__file__).with_name("pandas_app"), folder, dirs_exist_ok=True)


PROJECTS = {
    project.name: project
    for project in (
        Project("flask", "A small Flask app", "shop:app", "wording.py", _make_flask),
        Project(
            "django",
            "A Django project with admin",
            "project.wsgi:application",
            "wording.py",
            _make_django,
            is_django=True,
        ),
        Project("pandas", "An app that imports pandas", "figures:app", "wording.py", _make_pandas),
    )
}


def many_modules(modules: int, position: str) -> Project:
    """An application of so many user modules, one of which is edited."""
    edited = POSITIONS[position](modules)

    def make(folder: Path, tools: Tools) -> None:
        package = folder / "parts"
        package.mkdir()
        (package / "__init__.py").write_text('"""The parts of the application."""\n')
        (folder / "base.py").write_text(_BASE)
        for number in range(modules):
            (package / f"part{number}.py").write_text(_part(number))
        (folder / "app.py").write_text(_app(modules, edited))

    return Project(
        name=f"modules-{modules}-{position}",
        title=f"An app of {modules} modules, edited where it is imported {position}",
        target="app:app",
        edited=f"parts/part{edited}.py",
        make=make,
    )


_BASE = '''"""What all models have in common."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    pass
'''

_PART = '''"""Part {n}: a model, a schema, a blueprint."""

from base import Base
from flask import Blueprint, jsonify
from marshmallow import Schema, fields
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

WORDING = "first"
blueprint = Blueprint("part{n}", __name__, url_prefix="/part{n}")


class Item{n}(Base):
    __tablename__ = "item{n}"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    parent: Mapped[int | None] = mapped_column(ForeignKey("item{n}.id"))


class Item{n}Schema(Schema):
    id = fields.Integer(dump_only=True)
    name = fields.String(required=True)
    parent = fields.Integer(allow_none=True)


@blueprint.get("/<int:number>")
def show(number):
    item = {{"id": number, "name": price0(number), "parent": None}}
    return jsonify(Item{n}Schema().dump(item))
'''

# A view costs werkzeug a quarter of a millisecond when it is registered; with one for each
# function, there would be little else to measure.
_FUNCTION = """

def price{f}(number, discount=0):
    total = sum(range(number)) * {f} - discount
    if total < 0:
        return f"nothing to pay for {{number}}"
    return f"{{total}} to pay for {{number}}"
"""


def _part(number: int) -> str:
    functions = (_FUNCTION.format(f=function) for function in range(20))
    return _PART.format(n=number) + "".join(functions)


def _app(modules: int, edited: int) -> str:
    imports = "".join(f"from parts import part{number}\n" for number in range(modules))
    parts = ", ".join(f"part{number}" for number in range(modules))
    return f'''"""The application: registers the blueprint of each part."""

from flask import Flask

{imports}
app = Flask(__name__)
for part in ({parts},):
    app.register_blueprint(part.blueprint)


@app.get("/wording")
def wording():
    return part{edited}.WORDING
'''
