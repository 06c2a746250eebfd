"""Imports the user's application and explains what stops it.

Run inside the worker, after the fork. Knows which files are the user's own, loads those
from their source alone, finds the callable, and turns exceptions into plain data.
"""

import ast
import difflib
import importlib
import inspect
import os
import site
import sys
import sysconfig
import traceback
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec

GUESSES = ("app", "application", "create_app()", "make_app()")

# Frames of each end of a traceback that are kept when recursion made it huge.
MOST_FRAMES = 100


class NotServable(Exception):
    """The target cannot be served; the text says why and what to do."""


def _library_folders():
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_path(name) for name in names]
    folders += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    real = {os.path.realpath(folder) + os.sep for folder in folders if folder}
    return tuple(real | {folder + os.sep for folder in folders if folder})


_LIBRARIES = _library_folders()


def is_own(path):
    """Whether a file is the user's: in no library folder of this interpreter."""
    if not path or path.startswith("<"):
        return False
    path = os.path.abspath(path)
    return not path.startswith(_LIBRARIES)


def load_from_source(report):
    """Has the user's modules compiled from their source each time, and reported.

    `__pycache__` is neither read nor written for them: its check is by whole seconds and
    size, so an edit of the same length within a second would run the old code.
    """
    cached = SourceFileLoader.get_code

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        if not is_own(path):
            return cached(self, fullname)
        report(os.path.abspath(path))
        return self.source_to_code(self.get_data(path), path)

    SourceFileLoader.get_code = get_code


def load(names, expression):
    """Imports the first of these modules that is there; returns its application."""
    module = _import(_first(names))
    if expression is None:
        application, expression = _guess(module)
    else:
        application = _evaluate(module, expression)
    _check(application, "%s:%s" % (module.__name__, expression))
    return application


def _first(names):
    if len(names) == 1:
        return names[0]
    for name in names:
        if find_spec(name) is not None:
            return name
    files = [name.rpartition(".")[2] + ".py" for name in names]
    raise NotServable(
        "there is no application in %s yet: it has none of %s\n"
        "save one of them, or say what to serve: rdev module:app"
        % (sys.path[0], ", ".join(files))
    )


def _import(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # Only when the target itself is what was not found; an import inside of it that
        # fails is the user's and keeps its traceback.
        missing = error.name or ""
        if missing == name or name.startswith(missing + "."):
            raise NotServable(_no_module(name, missing)) from None
        raise


def _no_module(name, missing):
    folder = sys.path[0]
    text = "there is no module %r in %s" % (missing, folder)
    if missing == name:
        text += " (no %s.py, no package of that name)" % name.replace(".", os.sep)
    try:
        found = sorted(
            entry[:-3] if entry.endswith(".py") else entry
            for entry in os.listdir(folder)
            if entry.endswith(".py")
            or os.path.isfile(os.path.join(folder, entry, "__init__.py"))
        )
    except OSError as error:
        return "%s: the folder cannot be read: %s" % (text, error.strerror)
    if "." not in missing and found:
        close = difflib.get_close_matches(missing, found, 1)
        if close:
            text += "; did you mean %r?" % close[0]
        else:
            text += "; there are: " + ", ".join(found[:10])
    return text + "\nanother folder can be named with --app-dir"


def _guess(module):
    for guess in GUESSES:
        name = guess.partition("(")[0]
        found = getattr(module, name, None)
        if callable(found) and not inspect.ismodule(found):
            return (found() if guess.endswith("()") else found), guess
    raise NotServable(
        "module %r has none of: %s\nname the callable: %s:NAME%s"
        % (module.__name__, ", ".join(GUESSES), module.__name__, _callables(module))
    )


def _callables(module):
    names = [
        name
        for name, value in vars(module).items()
        if callable(value)
        and not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]
    return " (callable there: %s)" % ", ".join(names[:10]) if names else ""


def _evaluate(module, expression):
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
        return _walk(module, tree, expression)
    except SyntaxError:
        raise NotServable(_unreadable(expression)) from None


def _unreadable(expression):
    return (
        "%r is not a name, a dotted name or a call with literal arguments, "
        "like app, web.app or create_app('dev')" % expression
    )


def _walk(module, node, expression):
    if isinstance(node, ast.Name):
        return _attribute(module, node.id, "module %r" % module.__name__)
    if isinstance(node, ast.Attribute):
        return _attribute(
            _walk(module, node.value, expression), node.attr, ast.unparse(node.value)
        )
    if isinstance(node, ast.Call):
        factory = _walk(module, node.func, expression)
        try:
            args = [ast.literal_eval(arg) for arg in node.args]
            kwargs = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
        except ValueError:
            raise NotServable(_unreadable(expression)) from None
        return factory(*args, **kwargs)
    raise NotServable(_unreadable(expression))


def _attribute(owner, name, where):
    try:
        return getattr(owner, name)
    except AttributeError:
        text = "%s has no attribute %r" % (where, name)
        names = [other for other in dir(owner) if not other.startswith("_")]
        close = difflib.get_close_matches(name, names, 1)
        if close:
            text += "; did you mean %r?" % close[0]
        elif inspect.ismodule(owner):
            text += _callables(owner)
        raise NotServable(text) from None


def _check(application, where):
    kind = type(application)
    name = "%s.%s" % (kind.__module__, kind.__qualname__)
    if not callable(application):
        raise NotServable(
            "%s is not callable, so no WSGI application: it is %s"
            % (where, _a(name.replace("builtins.", "")))
        )
    call = application if inspect.isroutine(application) else kind.__call__
    if inspect.isclass(application):
        call = getattr(application, "__call__", None)
    if inspect.iscoroutinefunction(call) or inspect.isasyncgenfunction(call):
        what = "a coroutine function" if inspect.isroutine(application) else _a(name)
        raise NotServable(
            "%s is an ASGI application (%s); rdev serves WSGI ones\n"
            "an ASGI server runs it, or wrap it: a2wsgi.ASGIMiddleware(app)"
            % (where, what)
        )


def _a(noun):
    return ("an " if noun[:1] in "aeiou" else "a ") + noun


def describe(error):
    """An exception as (text, chain); see `describe_one` for the chain's items."""
    if isinstance(error, NotServable):
        text = str(error)
        return text + "\n", [("", text, 0, [])]
    formatted = traceback.TracebackException(type(error), error, error.__traceback__)
    chain = []
    _collect(formatted, 0, chain, set())
    return "".join(formatted.format()), chain


def _collect(formatted, link, chain, seen):
    if id(formatted) in seen:
        return
    seen.add(id(formatted))
    formatted.stack[:] = _visible(formatted.stack)
    if formatted.__cause__ is not None:
        _collect(formatted.__cause__, 0, chain, seen)
        link = 1
    elif formatted.__context__ is not None and not formatted.__suppress_context__:
        _collect(formatted.__context__, 0, chain, seen)
        link = 2
    chain.append(_describe_one(formatted, link))


def _visible(stack):
    """Without our own frames and those of the import system above the user's code."""
    return [
        frame
        for frame in stack
        if not frame.filename.startswith(("<rdev", "<frozen importlib"))
        and not frame.filename.endswith(os.path.join("importlib", "__init__.py"))
    ]


def _describe_one(formatted, link):
    """(class name, message, link, [(file, line, function, source, own)])."""
    frames = [
        (
            frame.filename,
            frame.lineno or 0,
            frame.name,
            frame.line or "",
            is_own(frame.filename),
        )
        for frame in formatted.stack
    ]
    if len(frames) > 2 * MOST_FRAMES:
        frames = frames[:MOST_FRAMES] + frames[-MOST_FRAMES:]
    kind = formatted.exc_type
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = "%s.%s" % (kind.__module__, name)
    message = str(formatted)
    if issubclass(kind, SyntaxError):
        message = formatted.msg
        if formatted.filename:
            line = int(formatted.lineno or 0)
            source = (formatted.text or "").strip()
            own = is_own(formatted.filename)
            frames.append((formatted.filename, line, "<module>", source, own))
    return name, message, link, frames
