"""What imports depend on beside the files: as it is, told so that another process can
compare it, and made as it was told as far as that can be done.

A state is (changes of the environment, settings, everything else), of plain values alone.
"""

import _signal
import _warnings
import builtins
import gc
import importlib
import os
import sys

import _rdev_loggers as loggers
import _rdev_settings as settings
from _rdev_base import BASE_ENVIRONMENT

_SIGNALS = tuple(
    getattr(_signal, "SIG" + name)
    for name in ("INT", "TERM", "HUP", "USR1", "USR2", "CHLD", "ALRM")
)


_Module = type(sys)


def names_of(module):
    """What a module holds, without waking one that loads itself when it is looked at."""
    if not issubclass(type(module), _Module):
        return {}
    return _Module.__getattribute__(module, "__dict__")


def _name_of(value):
    """A name that is the same in every process, unlike an address."""
    kind = value if hasattr(value, "__qualname__") else type(value)
    return "%s.%s" % (getattr(kind, "__module__", ""), getattr(kind, "__qualname__", kind))


def _handler(value):
    return _name_of(value) if callable(value) else str(value)


def handlers():
    """What is done with signals: (number, in words) pairs."""
    return [(number, _handler(_signal.getsignal(number))) for number in _SIGNALS]


def _environment():
    """A copy of the environment, without decoding it where that can be had."""
    return dict(getattr(os.environ, "_data", os.environ))


def _pattern(value):
    pattern = getattr(value, "pattern", value)
    return pattern if pattern is None or type(pattern) is str else _name_of(value)


def _filters():
    """The list of warning filters in use."""
    return getattr(sys.modules.get("warnings"), "filters", _warnings.filters)


# What of `sys` is among the surroundings by what it holds.
IN_SYS = frozenset(
    ("argv", "path", "meta_path", "path_hooks", "stdout", "stderr", "excepthook", "displayhook")
)


class OwnFinder:
    """A finder of rdev's, which is no part of the surroundings."""


def snapshot():
    """What imports depend on, as it is."""
    return (
        _environment(),
        list(sys.path),
        [finder for finder in sys.meta_path if not isinstance(finder, OwnFinder)],
        list(sys.path_hooks),
        list(_filters()),
        [_signal.getsignal(number) for number in _SIGNALS],
        builtins.__import__,
        sys.excepthook,
        (sys.displayhook, sys.stdout, sys.stderr),
        (sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold()),
        _folder(),
        _patched(),
        settings.read(),
        loggers.kinds(),
    )


def _folder():
    try:
        return os.getcwd()
    except OSError:
        return None


def _patched():
    """Whether gevent or eventlet has replaced parts of the standard library."""
    gevent = sys.modules.get("gevent.monkey")
    eventlet = sys.modules.get("eventlet.patcher")
    return bool(getattr(gevent, "saved", None)), bool(
        getattr(eventlet, "already_patched", None)
    )


def changes_between(before, after):
    """What an import changed, to be undone and done again: (index, value) pairs."""
    return [
        (index, new)
        for index, (old, new) in enumerate(zip(before, after))
        if old != new
    ]


def apply(changes):
    """Makes such changes."""
    for index, value in changes:
        _SETTERS[index](value)


def _set_environment(value):
    decode = os.fsdecode
    _become({decode(key): decode(text) for key, text in value.items()})


def _set_path(value):
    sys.path[:] = value


def _set_finders(value):
    ours = [finder for finder in sys.meta_path if isinstance(finder, OwnFinder)]
    sys.meta_path[:] = ours + value


def _set_hooks(value):
    sys.path_hooks[:] = value


def _set_filters(value):
    _filters()[:] = value
    mutated = getattr(_warnings, "_filters_mutated", None)
    if mutated is not None:
        mutated()
    else:  # from Python 3.14 on
        import warnings

        with warnings._lock:
            warnings._filters_mutated_lock_held()


def _set_handlers(value):
    for number, handler in zip(_SIGNALS, value):
        if _signal.getsignal(number) != handler:
            _signal.signal(number, handler)


def _set_import(value):
    builtins.__import__ = value


def _set_hook(value):
    sys.excepthook = value


def _set_streams(value):
    sys.displayhook, sys.stdout, sys.stderr = value


def _set_limits(value):
    recursion, interval, thresholds = value
    sys.setrecursionlimit(recursion)
    sys.setswitchinterval(interval)
    gc.set_threshold(*thresholds)


def _set_patched(value):
    """Nothing: a change of this kind ends the preload."""


def _set_kinds(value):
    """Nothing: what libraries did to `logging` is done again with all the rest of that."""


def _set_settings(value):
    settings.become(value)


# In the order of `snapshot`.
_SETTERS = (
    _set_environment,
    _set_path,
    _set_finders,
    _set_hooks,
    _set_filters,
    _set_handlers,
    _set_import,
    _set_hook,
    _set_streams,
    _set_limits,
    os.chdir,
    _set_patched,
    _set_settings,
    _set_kinds,
)


class Surroundings:
    """What imports depend on beside the files: looked at often, so compared cheaply."""

    def __init__(self, is_own, names, known=None):
        self._is_own = is_own
        self._names, self._aliases = names, set()
        # Names that may come to be aliases once their imports are over.
        self._unsettled = set()
        # Modules that were seen to be no aliases: to look into them again is to write to
        # the counts of references of all that is looked at.
        self._known = known or {}
        # What was seen the last time, and the state that it is: one value, for an import
        # may begin within the look of another, and in another thread meanwhile.
        self._last = None, None

    def look(self):
        """The state now, as (environment changes, settings, everything else in words)."""
        raw = snapshot() + (self._find_aliases(),)
        known, state = self._last
        if raw != known:
            state = self._describe(raw)
            self._last = raw, state
        return state

    def _find_aliases(self):
        """Names in `sys.modules` that no import has put there."""
        names = [*self._names.come(sys.modules), *self._unsettled]
        self._aliases.update(filter(self._is_alias, names))
        return sorted(self._aliases & sys.modules.keys())

    def _is_alias(self, name):
        module = sys.modules.get(name, self)
        if module is self:  # gone: its import has failed
            self._unsettled.discard(name)
            return False
        if self._known.get(name, self) is module:
            return False
        # While its import is under way, nothing is certain: a module of C code is there before
        # its spec is, and others put another module in their own place.
        if name in importlib._bootstrap._module_locks:
            self._unsettled.add(name)
            return False
        self._unsettled.discard(name)
        return is_alias(name, module)

    def own_path(self):
        """The folders on `sys.path` that are no library's."""
        return tuple(entry for entry in sys.path if self._is_own_folder(entry))

    def _is_own_folder(self, entry):
        return not entry or self._is_own(os.path.join(entry, "module.py"))

    def become(self, state):
        """Makes of this state what can be made; gives what has come of it."""
        changes, values, rest = state
        _prepare_environment(changes)
        settings.become(values)
        for (what, wanted), (_, found) in zip(rest, self.look()[2]):
            if wanted != found and what in _MAKERS:
                _MAKERS[what](wanted)
        return self.look()

    def _describe(self, raw):
        _, path, finders, hooks, filters, handlers, importer, hook, *others = raw
        streams, limits, folder, patched, values, kinds, aliases = others
        environment = dict(os.environ)
        keys = sorted(set(environment) | set(BASE_ENVIRONMENT))
        changes = tuple(
            (key, environment.get(key))
            for key in keys
            if environment.get(key) != BASE_ENVIRONMENT.get(key)
        )
        # What lies in the application's own folders is looked for by the stash.
        path = [str(entry) for entry in path if not self._is_own_folder(entry)]
        rest = (
            ("sys.path", tuple(path)),
            ("sys.meta_path", tuple(map(_name_of, finders))),
            ("sys.path_hooks", tuple(map(_name_of, hooks))),
            (_FILTERS, tuple(map(_filter, filters))),
            ("signal handlers", tuple(map(_handler, handlers))),
            ("__import__", _name_of(importer)),
            (_HOOK, _name_of(hook)),
            ("streams of sys", tuple(map(_name_of, streams))),
            (_LIMITS, limits),
            (_FOLDER, folder),
            ("monkey patching", patched),
            ("the class of loggers", tuple(map(_name_of, kinds))),
            ("names in sys.modules", tuple(map(str, aliases))),
        )
        return changes, values, rest


def _filter(entry):
    """A warning filter, in words."""
    action, message, category, module, line = entry
    return str(action), _pattern(message), _name_of(category), _pattern(module), int(line)


def _make_filters(wanted):
    known = {_filter(entry): entry for entry in _filters()}
    try:
        _set_filters([known.get(words) or _new_filter(*words) for words in wanted])
    except LookupError:
        pass  # a library that is not there brings its own kind of warnings


def _new_filter(action, message, category, module, line):
    """As `warnings.filterwarnings` makes it."""
    regular = sys.modules["re"] if message or module else None
    message = regular.compile(message, regular.IGNORECASE) if message else None
    module = regular.compile(module) if module else None
    return action, message, _named(category), module, line


def _named(name):
    """The class that is called so; LookupError where there is none."""
    module, _, name = name.rpartition(".")
    found = names_of(sys.modules[module]).get(name)
    if not isinstance(found, type):
        raise LookupError(name)
    return found


# What stands for a hook of the application's.
_stand_in = None


def _make_hook(wanted):
    """Whoever only looks whether the application has put a hook there finds one. Who keeps
    it is noticed by `HookWatch`."""
    global _stand_in

    def excepthook(*_):
        pass

    excepthook.__module__, _, excepthook.__qualname__ = wanted.rpartition(".")
    _stand_in = excepthook
    is_usual = wanted == _name_of(sys.__excepthook__)
    sys.excepthook = sys.__excepthook__ if is_usual else excepthook


class HookWatch:
    """Whether an import keeps or replaces a hook that stands for one of the application's."""

    def __init__(self):
        self._hook = _stand_in if sys.excepthook is _stand_in else None
        self._references = sys.getrefcount(self._hook)

    def is_kept(self):
        if self._hook is None:
            return False
        if sys.getrefcount(self._hook) != self._references:
            gc.collect()  # what is kept by nobody but itself
        is_kept = sys.getrefcount(self._hook) != self._references
        return is_kept or sys.excepthook is not self._hook


def _make_folder(wanted):
    try:
        os.chdir(wanted)
    except (OSError, TypeError):
        pass  # it is gone by now, or there was none


_FILTERS, _HOOK, _LIMITS, _FOLDER = (
    "warning filters",
    "sys.excepthook",
    "limits of the interpreter",
    "the current folder",
)
# How that is made which can be.
_MAKERS = {
    _FILTERS: _make_filters,
    _HOOK: _make_hook,
    _LIMITS: _set_limits,
    _FOLDER: _make_folder,
}


def is_alias(name, module):
    """Whether no import has put a module there, or something else is there."""
    if name == "__main__":
        return False
    if not issubclass(type(module), _Module):
        return True
    spec = names_of(module).get("__spec__")
    return getattr(spec, "name", None) != name


def difference(expected, found):
    """In words, what is different between two states."""
    if expected[0] != found[0]:
        before, after = dict(expected[0]), dict(found[0])
        keys = sorted(
            key
            for key in set(before) | set(after)
            if before.get(key, BASE_ENVIRONMENT.get(key))
            != after.get(key, BASE_ENVIRONMENT.get(key))
        )
        return "the environment: " + ", ".join(keys)
    if expected[1] != found[1]:
        before, after = dict(expected[1]), dict(found[1])
        changed = {what for what in before if before[what] != after.get(what)}
        return ", ".join(sorted(changed or after.keys() - before.keys()))
    for (what, before), (_, after) in zip(expected[2], found[2]):
        if before != after:
            return what
    return "nothing"


def _prepare_environment(changes):
    wanted = dict(BASE_ENVIRONMENT)
    for key, value in changes:
        if value is None:
            wanted.pop(key, None)
        else:
            wanted[key] = value
    _become(wanted)


def _become(wanted):
    """Makes the environment this one."""
    for key in set(os.environ) - set(wanted):
        del os.environ[key]
    for key, value in wanted.items():
        if os.environ.get(key) != value:
            os.environ[key] = value
