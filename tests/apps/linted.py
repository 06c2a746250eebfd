"""Another application behind `wsgiref.validate` and werkzeug's lint middleware.

LINTED names it, as `module:callable`. What the two complain of is written to the file
`complaints` in the folder LINTED_FOLDER, a line each: whose fault it is, and the words.
Nothing is raised, so that one complaint does not hide the next. A client may ask for an
environ with faults, to see that they are found.
"""

import importlib
import os
import sys
from pathlib import Path
from wsgiref import validate

from werkzeug.middleware import lint

COMPLAINTS = Path(os.environ["LINTED_FOLDER"]) / "complaints"
# The checks of what the server gives; all others are of what the application does.
SERVER = {"check_environ", "check_input", "check_errors", "lint_app", "__call__", "__del__"}


def complain(words):
    caller = sys._getframe(2).f_code.co_name
    is_server = caller in SERVER or caller == "__next__" and "closed" in str(words)
    with COMPLAINTS.open("a") as file:
        file.write(f"{'server' if is_server else 'application'}: {caller}: {words}\n")


def assert_(condition, *words):
    if not condition:
        complain(words)


def warn(words, *_, **__):
    complain(words)


validate.assert_ = assert_
validate.warnings.warn = warn
lint.warn = warn

module, _, name = os.environ["LINTED"].partition(":")
linted = importlib.import_module(module)
for part in name.removesuffix("()").split("."):
    linted = getattr(linted, part)
if name.endswith("()"):
    linted = linted()
checked = validate.validator(lint.LintMiddleware(linted))


def app(environ, start_response):
    if "HTTP_X_FAULTY" in environ:
        environ["SERVER_PORT"] = 80
        del environ["wsgi.run_once"]
    return checked(environ, start_response)
