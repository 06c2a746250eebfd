"""Imports the user's application and explains what stops it.

Run inside the worker, after the fork. Knows which files are the user's own, loads those
from their source alone, finds the callable, and turns exceptions into plain data.
"""

import ast
import builtins
import difflib
import importlib
import marshal
import os
import site
import sys
import sysconfig
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec
from types import FunctionType, MethodType, ModuleType

import _rdev_stored as stored

# Flags of code objects, by their names in `inspect`: CO_COROUTINE and CO_ASYNC_GENERATOR.
_COROUTINE, _ASYNC_GENERATOR = 0x80, 0x200

GUESSES = ("app", "application", "create_app()", "make_app()")

# Frames of each end of a traceback that are kept when recursion made it huge.
MOST_FRAMES = 100
# Exceptions of a chain that are described, half of them from each end.
MOST_LINKS = 100
# Exceptions within groups that are described: of one group, all together, and how many
# groups within each other.
MOST_MEMBERS = 20
MOST_GROUPED = 100
MOST_DEPTH = 5
# Characters of a whole text, of a message, and of a line of source.
MOST_TEXT = 1 << 20
MOST_MESSAGE = 64 << 10
MOST_SOURCE = 1000


class NotServable(Exception):
    """The target cannot be served; the text says why and what to do."""


# What a module that is kept apart finds of another when it imports that while it works.
_KEPT = {
    name: importlib.import_module(name)
    for name in ("_suggestions", "ast", "tokenize", "unicodedata")
    if find_spec(name) is not None
}


def _keep_apart(name):
    """A copy of a module of Python's that leaves no trace in the application's modules, and
    takes nothing from its folder: which of them import others while they work, and which
    ones, depends on Python's version."""

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        kept = None if level else _KEPT.get(name)
        return kept or builtins.__import__(name, globals, locals, fromlist, level)

    spec = find_spec(name)
    module = module_from_spec(spec)
    module.__builtins__ = dict(vars(builtins), __import__=__import__)
    spec.loader.exec_module(module)
    _KEPT[name] = module
    return module


linecache = _keep_apart("linecache")
traceback = _keep_apart("traceback")


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


def load_from_source(report, cache):
    """Has the user's modules compiled from what their source is now, and reported.

    `__pycache__` is neither read nor written for them: its check is by whole seconds and
    size, so an edit of the same length within a second would run the old code. Instead,
    `cache` knows what the very same bytes were compiled to, if there is one.
    """
    cached = SourceFileLoader.get_code
    plain = SourceFileLoader.source_to_code

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        if not is_own(path):
            return cached(self, fullname)
        report(os.path.abspath(path))
        code = compiled(self, path)
        stored.note(code)
        return code

    def compiled(self, path):
        source = self.get_data(path)
        # A loader that rewrites code while compiling it has rules of its own.
        if cache is None or type(self).source_to_code is not plain:
            return self.source_to_code(source, path)
        known = cache.recall(path, source)
        if known is not None:
            return marshal.loads(known)
        code = self.source_to_code(source, path)
        cache.keep(path, source, marshal.dumps(code))
        return code

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
        if callable(found) and not isinstance(found, ModuleType):
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
        elif isinstance(owner, ModuleType):
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
    if _is_asynchronous(application):
        is_function = isinstance(application, (FunctionType, MethodType))
        what = "a coroutine function" if is_function else _a(name)
        if isinstance(application, type):
            what = "a class"
        raise NotServable(
            "%s is an ASGI application (%s); rdev serves WSGI ones\n"
            "an ASGI server runs it, or wrap it: a2wsgi.ASGIMiddleware(app)"
            % (where, what)
        )


def _is_asynchronous(application):
    """Whether calling it, or instances where it is a class, gives something to wait for.
    One that does not bear to be looked at may be called all the same."""
    try:
        return _promises(application)
    except Exception:  # a proxy's that has nothing behind it yet, for one
        return False


def _promises(application):
    if isinstance(application, FunctionType):  # as proxies of one say that they are
        flags = getattr(getattr(application, "__code__", None), "co_flags", 0)
        if flags & (_COROUTINE | _ASYNC_GENERATOR):
            return True
    function = _unwrapped(application)
    if _awaits(function):
        return True
    kind = function if isinstance(function, type) else type(function)
    for base in kind.__mro__:
        if "__call__" in base.__dict__:
            return _awaits(_unwrapped(base.__dict__["__call__"]))
    return False


def _unwrapped(function):
    """What a method or a `partial` calls in the end. Whoever has made one of the latter has
    `functools`, which is the application's own."""
    functools = sys.modules.get("functools")
    partials = tuple(
        getattr(functools, name, ()) for name in ("partial", "partialmethod")
    )
    while True:
        if isinstance(function, (MethodType, classmethod, staticmethod)):
            function = function.__func__
        elif isinstance(function, partials):
            function = function.func
        else:
            return function


def _awaits(function):
    """Whether it is written with `async def`, or marked as if it was. The module `inspect`
    would tell it, too, but takes 3 ms to import, for which the first answer would wait."""
    flags = getattr(_own(function, "__code__"), "co_flags", 0)
    if flags & (_COROUTINE | _ASYNC_GENERATOR):
        return True
    # By inspect.markcoroutinefunction, since Python 3.12.
    asks = getattr(sys.modules.get("inspect"), "iscoroutinefunction", None)
    if asks is not None and _own(function, "_is_coroutine_marker") is not None:
        return asks(function)
    # Before, by a mark of asyncio's that others, such as asgiref, set.
    mark = getattr(sys.modules.get("asyncio.coroutines"), "_is_coroutine", None)
    return mark is not None and _own(function, "_is_coroutine") is mark


def _own(value, name):
    """An attribute, without waking an object that makes one up, as proxies do."""
    try:
        return object.__getattribute__(value, name)
    except Exception:  # a property's, for one
        return None


def _a(noun):
    return ("an " if noun[:1] in "aeiou" else "a ") + noun


def describe(error, trace):
    """A raised exception and its traceback as (text, chain).

    An item of the chain is (class name, message, link, frames, members), a frame is
    (file, line, function, source, own); causes come first. The link says how the item
    before led to this one: 0 for none, 1 for a cause, 2 for a context. Each of the
    members is the chain of an exception that this one groups.
    """
    if isinstance(error, NotServable):
        text = _cut(error, MOST_TEXT)
        return text + "\n", [("", text, 0, [], [])]
    trace = error.__traceback__ if trace is None else trace
    _see_made_code()
    try:
        return _described(error, trace)
    except Exception as second:
        return _bare(error, trace, second)


def _see_made_code():
    """Takes over the source of code that has no file, as attrs, doctest and IPython leave it
    in the application's linecache."""
    made = getattr(sys.modules.get("linecache"), "cache", None)
    for name, entry in list(made.items()) if type(made) is dict else ():
        if type(name) is str and name[:1] == "<" and type(entry) is tuple:
            linecache.cache[name] = entry


def _bare(error, trace, second):
    """Where an exception was raised that does not let itself be described."""
    stack = _ends(_visible(traceback.extract_tb(trace)), MOST_FRAMES)
    name = type.__dict__["__qualname__"].__get__(type(error))
    message = "(it cannot be described: %s: %s)" % (type(second).__name__, second)
    lines = traceback.format_list(stack)
    text = "Traceback (most recent call last):\n%s%s: %s\n" % ("".join(lines), name, message)
    return _cut(text, MOST_TEXT), [(name, message, 0, [_frame(it) for it in stack], [])]


def _described(error, trace):
    formatted = traceback.TracebackException(type(error), error, trace)
    links = _links(error, formatted)
    left_out = max(0, len(links) - MOST_LINKS)
    half = MOST_LINKS // 2
    most = MOST_FRAMES if len(links) <= 10 else MOST_FRAMES // 10
    texts, chain, room = [], [], _Room(MOST_GROUPED)
    for index, (raised, formatted, link) in enumerate(links):
        if left_out and half <= index < half + left_out:
            if index == half:
                gap = "[%d more exceptions of this chain]" % left_out
                texts += [_BETWEEN[link], gap + "\n"]
                chain.append(_gap(gap, link))
            continue
        _hide_frames(formatted)
        texts += [_BETWEEN[link], _cut(_text(raised, formatted), MOST_TEXT)]
        chain.append(
            _describe_one(raised, formatted, link, most)
            + (_members(raised, formatted, room, MOST_DEPTH),)
        )
    return _cut("".join(texts), MOST_TEXT), chain


class _Room:
    """How many more exceptions within groups are described."""

    def __init__(self, left):
        self.left = left


def _members(error, formatted, room, depth):
    """The chains of what an exception groups, which Python does since 3.11, and before
    with the package exceptiongroup, that has `traceback` know of them, too."""
    inner = getattr(formatted, "exceptions", None) or ()
    pairs = list(zip(getattr(error, "exceptions", ()), inner))
    chains = []
    for raised, formatted in pairs[:MOST_MEMBERS]:
        if not depth or room.left <= 0:
            break
        links, chain = _links(raised, formatted), []
        if len(links) > MOST_DEPTH:
            gap = "[%d more exceptions of this chain]" % (len(links) - MOST_DEPTH)
            chain.append(_gap(gap, 0))
        for raised, formatted, link in links[-MOST_DEPTH:]:
            room.left -= 1
            members = _members(raised, formatted, room, depth - 1)
            one = _describe_one(raised, formatted, link, MOST_FRAMES // 10)
            chain.append(one + (members,))
        chains.append(chain)
    if len(chains) < len(pairs):
        gap = "[%d more of this group]" % (len(pairs) - len(chains))
        chains.append([_gap(gap, 0)])
    return chains


def _gap(text, link):
    return "", text, link, [], []


# What Python prints between two exceptions of a chain.
_BETWEEN = (
    "",
    "\nThe above exception was the direct cause of the following exception:\n\n",
    "\nDuring handling of the above exception, another exception occurred:\n\n",
)


def _links(error, formatted):
    """The exceptions of a chain, causes first: each as it is, prepared for formatting,
    and with its link to the one before. They are taken apart, since formatting a chain
    recurses in Python 3.9."""
    links = []
    while formatted is not None:
        before, link = (None, None), 0
        if formatted.__cause__ is not None:
            before, link = (error.__cause__, formatted.__cause__), 1
        elif formatted.__context__ is not None and not formatted.__suppress_context__:
            before, link = (error.__context__, formatted.__context__), 2
        formatted.__cause__ = formatted.__context__ = None
        links.append((error, formatted, link))
        error, formatted = before
    return links[::-1]


def _text(error, formatted):
    try:
        return "".join(formatted.format())
    except Exception:
        # A SyntaxError made by hand may point at places that are none.
        lines = ["Traceback (most recent call last):\n"]
        for frame in formatted.stack:
            place = frame.filename, frame.lineno, frame.name
            lines.append('  File "%s", line %s, in %s\n' % place)
            if frame.line:
                lines.append("    %s\n" % frame.line)
        return "%s%s: %s\n" % ("".join(lines), type(error).__name__, formatted)


def _hide_frames(formatted):
    """Of an exception, and of those that it groups, with their causes."""
    inside, seen = [formatted], {id(None)}
    while inside:
        one = inside.pop()
        if id(one) not in seen:
            seen.add(id(one))
            one.stack[:] = _visible(one.stack)
            inside += [one.__cause__, one.__context__]
            inside += getattr(one, "exceptions", None) or ()


def _visible(stack):
    """Without our own frames and those of the import system above the user's code."""
    return [
        frame
        for frame in stack
        if not frame.filename.startswith(("<rdev", "<frozen importlib"))
        and not frame.filename.endswith(os.path.join("importlib", "__init__.py"))
    ]


def _cut(text, most):
    """A text of bounded length: its middle is left out, and that is said."""
    text = str(text)
    over = len(text) - most
    if over <= 0:
        return text
    half = most // 2
    return "%s\n[%d characters left out]\n%s" % (text[:half], over, text[-half:])


def _describe_one(error, formatted, link, most):
    frames = [_frame(frame) for frame in _ends(formatted.stack, most)]
    kind = type(error)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = "%s.%s" % (kind.__module__, name)
    message = str(formatted)
    if isinstance(error, SyntaxError):
        message = formatted.msg
        if formatted.filename:
            line = _line(formatted.lineno)
            source = _cut((formatted.text or "").strip(), MOST_SOURCE)
            own = is_own(formatted.filename)
            frames.append((formatted.filename, line, "<module>", source, own))
    return _cut(name, MOST_SOURCE), _cut(message, MOST_MESSAGE), link, frames


def _frame(frame):
    return (
        _cut(frame.filename, MOST_SOURCE),
        _line(frame.lineno),
        _cut(frame.name, MOST_SOURCE),
        _cut(frame.line or "", MOST_SOURCE),
        is_own(frame.filename),
    )


def _line(number):
    """What counts as one, of a SyntaxError made by hand for one, or 0."""
    try:
        return min(max(int(number or 0), 0), 2**31)
    except (TypeError, ValueError, OverflowError):
        return 0


def _ends(stack, most):
    """The frames at both ends."""
    return stack if len(stack) <= 2 * most else stack[:most] + stack[-most:]
