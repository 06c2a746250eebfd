"""Imports libraries before they are needed, and hands them out as if imported just then.

In the zygote, `preload` imports what an earlier generation was seen to import, one step
after the other, each in the surroundings (environment, module path, filters, handlers)
that generation had at that point. In a worker, `Stash` takes all of it out of
`sys.modules` again and gives it back, step by step, when the application imports it, so
that order and content of `sys.modules` are those of a process started afresh. Where the
application does anything else than was learnt, `broken` is called: other steps, another
order, other surroundings, a library's function replaced, a step left out.
"""

import sys

import _rdev_loggers as loggers

# From 3.13 on Python loads it for the text of `-c`, and keeps that there: it would be shown
# as the source of what the application executes.
if [name for name in sys.modules if not name.startswith("_rdev")][-1] == "linecache":
    del sys.modules["linecache"]
elif "linecache" in sys.modules:
    sys.modules["linecache"].cache.pop("<string>", None)  # of what site runs

# What the interpreter itself has loaded before anything of ours. Packages are set aside
# until `hide`, for ours are to leave no trace in them.
_BASE = {name: sys.modules[name] for name in sys.modules if not name.startswith("_rdev")}
BASE_MODULES = frozenset(_BASE)
for _name in _BASE:
    _top = _name.partition(".")[0]
    if _top != "encodings" and hasattr(_BASE.get(_top), "__path__"):
        del sys.modules[_name]

import gc

_IS_COLLECTING = gc.isenabled()  # `sitecustomize` may have switched it off
gc.disable()  # until `hide`: there is nothing to collect yet

import _signal
import _thread
import _warnings
import builtins
import importlib
import itertools
import marshal
import os
import time

BASE_ENVIRONMENT = dict(os.environ)
_ident = _thread.get_ident  # gevent puts one of greenlets in its place

_SIGNALS = tuple(
    getattr(_signal, "SIG" + name)
    for name in ("INT", "TERM", "HUP", "USR1", "USR2", "CHLD", "ALRM")
)


def hide():
    """Takes what rdev's own Python files have loaded out of sight: the application loads
    its own, from its own folder if that has one of the name."""
    global settings
    settings = sys.modules["_rdev_settings"]
    sys.modules.clear()
    sys.modules.update(_BASE)
    # The collector would go through them again and again while the application is
    # imported, which takes 20 ms with Django.
    gc.freeze()
    if _IS_COLLECTING:
        gc.enable()


_Module = type(sys)


def _names(module):
    """What a module holds, without waking one that loads itself when it is looked at."""
    if not issubclass(type(module), _Module):
        return {}
    return _Module.__getattribute__(module, "__dict__")


def _unbind(parent, child, module):
    """`from package import module` must be an import, though the package knows it."""
    names = _names(parent)
    if names.get(child) is not module:
        return False
    del names[child]
    return True


def _name_of(value):
    """A name that is the same in every process, unlike an address."""
    kind = value if hasattr(value, "__qualname__") else type(value)
    return "%s.%s" % (getattr(kind, "__module__", ""), getattr(kind, "__qualname__", kind))


def _handler(value):
    return _name_of(value) if callable(value) else str(value)


def _environment():
    """A copy of the environment, without decoding it where that can be had."""
    return dict(getattr(os.environ, "_data", os.environ))


def _pattern(value):
    return getattr(value, "pattern", value)


def _filters():
    """The list of warning filters in use."""
    return getattr(sys.modules.get("warnings"), "filters", _warnings.filters)


def snapshot():
    """What imports depend on, as it is."""
    return (
        _environment(),
        list(sys.path),
        [finder for finder in sys.meta_path if not isinstance(finder, Stash)],
        list(sys.path_hooks),
        list(_filters()),
        [_signal.getsignal(number) for number in _SIGNALS],
        builtins.__import__,
        (sys.excepthook, sys.displayhook, sys.stdout, sys.stderr),
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
    ours = [finder for finder in sys.meta_path if isinstance(finder, Stash)]
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


def _set_streams(value):
    sys.excepthook, sys.displayhook, sys.stdout, sys.stderr = value


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
        module = sys.modules.get(name)  # gone where its import has failed in another thread
        known = module is not None and self._known.get(name) is module
        is_alias = not known and _is_alias(name, module)
        # A module of C code is there before its spec is, and other threads import meanwhile.
        if is_alias and name in importlib._bootstrap._module_locks:
            self._unsettled.add(name)
            return False
        self._unsettled.discard(name)
        return is_alias

    def own_path(self):
        """The folders on `sys.path` that are no library's."""
        return tuple(entry for entry in sys.path if self._is_own_folder(entry))

    def _is_own_folder(self, entry):
        return not entry or self._is_own(os.path.join(entry, "module.py"))

    def _describe(self, raw):
        _, path, finders, hooks, filters, handlers, importer, *others = raw
        streams, limits, folder, patched, values, kinds, aliases = others
        # What lies in the application's own folders is looked for by the stash.
        path = [entry for entry in path if not self._is_own_folder(entry)]
        environment = dict(os.environ)
        keys = sorted(set(environment) | set(BASE_ENVIRONMENT))
        changes = tuple(
            (key, environment.get(key))
            for key in keys
            if environment.get(key) != BASE_ENVIRONMENT.get(key)
        )
        filters = [
            (action, _pattern(message), _name_of(category), _pattern(module), line)
            for action, message, category, module, line in filters
        ]
        rest = (
            ("sys.path", path),
            ("sys.meta_path", [_name_of(finder) for finder in finders]),
            ("sys.path_hooks", [_name_of(hook) for hook in hooks]),
            ("warning filters", filters),
            ("signal handlers", [_handler(handler) for handler in handlers]),
            ("__import__", _name_of(importer)),
            ("streams and hooks of sys", [_name_of(stream) for stream in streams]),
            ("limits of the interpreter", limits),
            ("the current folder", folder),
            ("monkey patching", patched),
            ("the class of loggers", [_name_of(kind) for kind in kinds]),
            ("names in sys.modules", aliases),
        )
        return changes, values, tuple((what, repr(value)) for what, value in rest)


def _is_alias(name, module):
    if not issubclass(type(module), _Module) or name == "__main__":
        return False
    spec = _names(module).get("__spec__")
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


def is_library(name, module, is_own):
    """Whether a module is no code of the user's, and can be imported by its name."""
    if name.startswith("_rdev") or name == "__main__":
        return False
    spec = _names(module).get("__spec__")
    if spec is None or spec.name != name:
        return False
    if spec.origin in ("built-in", "frozen"):
        return True
    places = [spec.origin] if spec.has_location else spec.submodule_search_locations
    places = list(places or ())
    return bool(places) and not any(is_own(place) for place in places)


def _files(names, is_own):
    """What tells that a library was replaced or edited: the files of modules, and the
    folders where packages come and go."""
    files = {getattr(sys.modules[name], "__file__", None) for name in names} - {None}
    # Not those of the application, which may be there by PYTHONPATH or a `.pth` file.
    folders = {
        entry for entry in sys.path if entry and not is_own(os.path.join(entry, "m.py"))
    }
    return sorted(files | folders)


def preload(trace, excluded, watched, is_own, forks, names, bindings):
    """Imports in the zygote. Gives (stash, refusals, late, learnt, files): what can be
    handed out; which modules must not be imported beforehand, with the reason; which
    could not be, since they come after something that cannot be done for the application;
    in which changes of the surroundings modules are imported, from which one on; and what
    it was all read from.
    """
    settings.watch(watched)
    with _Rows():
        steps, logged, refusals, late, learnt = _take_steps(
            trace, excluded, is_own, forks, names
        )
    files = _files((name for _, _, names, _ in steps for name in names), is_own)
    stash = Stash(steps, is_own, logged)
    stash.bind(bindings)
    # The interpreter holds the 4096 names of attributes that were looked for last. Workers
    # look for others, and would write to the counts of those that make room: 0.6 MiB of
    # each generation of 300 modules.
    names = ("_clear_internal_caches", "_clear_type_cache")  # the latter before Python 3.13
    getattr(sys, names[0] if hasattr(sys, names[0]) else names[1])()
    gc.collect()
    # An application can tell by `gc.get_freeze_count()` and `gc.get_objects()`, but if a worker
    # thawed them, its first full collection would write to each: 15 to 25 ms and 9 MiB with
    # Flask, 37 to 59 ms and 19 MiB with SQLAlchemy too, which all workers share as it is.
    gc.freeze()
    return stash, refusals, late, learnt, files


def _take_steps(trace, excluded, is_own, forks, names):
    """A step is (name, its state, names of the modules it brought, what else it changed);
    what they did to `logging` comes besides."""
    states, loads = marshal.loads(trace)
    surroundings = Surroundings(is_own, names)
    start, watch = snapshot(), loggers.Watch()
    steps, refusals, late, learnt = [], [], [], []
    for _, index, _ in loads[:1]:
        settings.begin(states[index][1])
    known = surroundings.look()
    for place, (name, index, by_thread) in enumerate(loads):
        # Importing a submodule imports the packages above it, too.
        packages = itertools.accumulate(name.split("."), "{}.{}".format)
        if name in sys.modules or any(package in excluded for package in packages):
            continue
        changes, values, _ = states[index]
        _prepare_environment(changes)
        settings.become(values)
        state = surroundings.look()
        others = [what for what, value in values if value == settings.OTHER]
        why = None
        if others:
            why = "comes after a change of %s" % others[0]
        elif state != states[index]:
            # The application has changed something before this that cannot be changed
            # for it.
            why = "comes after a change of %s" % difference(state, states[index])
        elif by_thread:
            # That is at another moment in each process.
            why = "comes after a thread has begun to import %s" % name
        if why:
            # Nothing from here on.
            late = [(other, why) for other, *_ in loads[place:] if other not in sys.modules]
            break
        known = known[0], settings.with_new(known[1], values), known[2]
        if states[index] != known:
            learnt.append((name, difference(known, states[index])))
            known = states[index]
        modules, before = set(sys.modules), snapshot()
        why = _import(name, is_own, forks, watch) or _hooked(before, snapshot())
        if why:
            refusals.append((name, why))
        brought = [other for other in sys.modules if other not in modules]
        steps.append((name, states[index], brought, changes_between(before, snapshot())))
        watch.keep(name)
    logged, unlike = watch.finish()
    apply(changes_between(snapshot(), start))
    settings.restore()
    return steps, logged, refusals + unlike, late, learnt


class _Rows:
    """While it is entered, modules and their dictionaries lie beside each other in memory.

    To hand a module out is to write to its count of references, and a page that is
    written is shared with the zygote no more: one page for each that lies by itself.
    """

    _MANY = 128

    def __enter__(self):
        self._system = importlib._bootstrap
        self._original, self._row = self._system._new_module, []
        self._system._new_module = self._next

    def __exit__(self, *error):
        self._system._new_module = self._original

    def _next(self, name):
        try:
            module = self._row.pop()
        except IndexError:  # or another thread has taken the last one meanwhile
            row = [_Module.__new__(_Module) for _ in range(self._MANY)]
            module = row.pop()
            self._row = row
        module.__init__(name)
        return module


def _hooked(before, after):
    """Whether an import stepped between the application and its later imports, which
    those that are handed out would pass by."""
    for index in (2, 3):
        old, new = before[index], after[index]
        if new[: len(old)] != old:
            return "installs an import hook"
    if before[1] != after[1]:
        return "changes sys.path"
    if before[6] is not after[6]:
        return "replaces __import__"
    return None


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


def _import(name, is_own, forks, watch):
    """Imports one module; returns why that must not be done beforehand, if so."""
    before, threads, files = set(sys.modules), _thread._count(), _descriptors()
    numbers = _random_state()
    with _Silence() as silence, watch:
        try:
            importlib.import_module(name)
        except BaseException as error:
            return "fails when imported alone: %s: %s" % (type(error).__name__, error)
    if silence.broken:
        return "prints when imported"
    if watch.why:
        return watch.why
    # Threads do not live through a fork.
    if forks and _thread._count() > threads:
        return "starts a thread"
    if _descriptors() != files:
        return "opens a file or a socket"
    # The application may have seeded them.
    if numbers is not None and _random_state() != numbers:
        return "draws random numbers when imported"
    for other in set(sys.modules) - before:
        module = sys.modules[other]
        if is_own(getattr(module, "__file__", None)):
            return "imports %s, which is yours" % other
    return None


def _random_state():
    random = sys.modules.get("random")
    return None if random is None else random.getstate()


class _Silence:
    """Notices what an import prints, and keeps it to itself: every generation that
    imports the module has to print it."""

    def __enter__(self):
        self._reader, self._writer = os.pipe()
        # What is printed beyond a pipe's size is not waited for, but fails.
        os.set_blocking(self._writer, False)
        os.set_blocking(self._reader, False)
        self._kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in self._kept:
            os.dup2(self._writer, number)
        return self

    def __exit__(self, *error):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):
                pass  # more than the pipe takes, or replaced by something else
        for number, kept in self._kept:
            os.dup2(kept, number)
            os.close(kept)
        os.close(self._writer)
        self.broken = bool(os.read(self._reader, 1))
        os.close(self._reader)


def _descriptors():
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


def _beside(names):
    """Copies of names that lie beside each other in memory, as modules do by `_Rows`."""
    # The first ones fill what is free between other objects.
    _filling, copies = [[(name + ".")[:-1] for name in names] for _ in range(2)]
    return copies


class Stash:
    """Finder of what was imported beforehand; first on `sys.meta_path` while the
    application is imported.

    Every import that `sys.modules` does not settle comes by here, those by
    `importlib.import_module` and of parent packages included (the audit event "import"
    misses both), so it also notes what an import of the application loads.
    """

    def __init__(self, steps, is_own, logged=None):
        """Made in the zygote, so that what is written for it stays shared with all workers
        (3 MiB of each generation of 300 modules)."""
        names = [name for name in sys.modules if name not in BASE_MODULES]
        self.modules = dict(zip(_beside(names), map(sys.modules.get, names)))
        # A namespace package has to be looked at while its parents are in place.
        self._libraries = {
            name: (module, is_library(name, module, is_own))
            for name, module in self.modules.items()
        }
        self.no_aliases = {
            name: module
            for name, module in self.modules.items()
            if not _is_alias(name, module)
        }
        for name in names:
            del sys.modules[name]
        copies = dict(zip(self.modules, self.modules))
        # In order; those before `_next` have been handed out, with what is `_handed`.
        self._steps, self._next = [], 0
        self._logged = logged or loggers.Loggers()
        for head, state, names, changes in steps:
            names = [copies.get(name, name) for name in names]
            self._steps.append((head, state, names, changes))
        self._pending = set(self.names())
        self._handed, self._count = {}, 0
        # Modules that their packages have, and by which name.
        children = _beside([name.rpartition(".")[2] for name in self.modules])
        self._bound = {
            name: child
            for name, child in zip(self.modules, children)
            if self._unbind(name, child)
        }
        self._tops = {name.partition(".")[0] for name in self._pending}
        self._shadows = {}
        self._loads = []
        self._bindings, self._by_fork = None, frozenset()
        # Of others that were looked at, whether they are libraries.
        self._sorted = {}

    def bind(self, bindings):
        """Notes what names the modules bind, to see which the application binds anew."""
        # What matters of `sys` and `time` is among the surroundings, and changes by itself.
        apart = ("sys", "time", "__main__")
        base = [
            (name, _names(module))
            for name, module in sys.modules.items()
            if name not in apart and not name.startswith("_rdev")
        ]
        others = [(name, _names(self.modules[name])) for name in self.names()]
        self._bindings = bindings(base, others)

    def enter(self, surroundings, broken):
        """Begins to hand out, in a worker."""
        self._surroundings = surroundings
        self._main = _ident()
        self._broken = broken
        for name in sys.modules.keys() - BASE_MODULES:
            if name in self.modules:
                # What a library has registered for forks does not find it there.
                broken("%s is imported when a process is forked" % name)
            self.modules[name] = sys.modules.pop(name)
        if self._bindings is not None:
            # What libraries do when a process is forked, and what was renewed.
            changes = self._bindings.changes(len(self.names()), settings.MISSING)
            self._by_fork = {(module, name) for module, name, *_ in changes}
        sys.meta_path.insert(0, self)

    def names(self):
        """The modules that can be handed out, in order."""
        return [name for _, _, names, _ in self._steps for name in names]

    def _parent(self, name):
        parent = name.rpartition(".")[0]
        known = self.modules if parent in self.modules else sys.modules
        return known.get(parent)

    def _unbind(self, name, child):
        parent = self._parent(name)
        return parent is not None and _unbind(parent, child, self.modules[name])

    def find_spec(self, name, path=None, target=None):
        """Part of the import system's protocol."""
        # Whoever only asks where a module is, as importlib.util.find_spec does, is told
        # by the finder that knows.
        if sys._getframe(2).f_code.co_name != "_find_and_load_unlocked":
            return None
        state = self._surroundings.look()
        self._loads.append((name, state, _ident() != self._main))
        if name not in self._pending:
            return None
        why = self._difference(name, state)
        if why:
            self._broken(why)
            return None
        found = self._set_by_application()
        if found:
            others = ", ".join("%s.%s" % binding for binding in found)
            self._broken("%s is imported after a change of %s" % (name, others), found)
            return None
        is_package = hasattr(self.modules[name], "__path__")
        return _ModuleSpec(name, _Handed(self), is_package=is_package)

    def _difference(self, name, state):
        """Why a module would not be what was imported beforehand, if so."""
        head, expected, names, _ = self._steps[self._next]
        shadowed = self._shadowed()
        for other in names:
            if other.partition(".")[0] in shadowed:
                return "%s is a module of yours now" % other.partition(".")[0]
        if name != head:
            return "%s is imported before %s" % (name, head)
        if state != expected:
            what = difference(expected, state)
            return "%s is imported after a change of %s" % (name, what)
        for other, module in self._handed.items():
            if sys.modules.get(other) is not module:
                return "%s was replaced in sys.modules" % other
        return None

    def _set_by_application(self):
        """Names in modules that user code has bound to something else, which nobody sees
        yet: (module, name) pairs."""
        changes = [
            ((module, name), values)
            for module, name, *values in self._bindings.changes(
                self._count, settings.MISSING
            )
            if (module, name) not in self._by_fork
            and type(name) is str
            and not loggers.is_setting(module, name)
        ]
        meant = {module for (module, _), values in changes if settings.is_set(*values)}
        # What changes beside such a name belongs to it.
        return [
            binding
            for binding, (_, now) in changes
            if binding[0] in meant and not settings.is_seen(*binding, now)
        ]

    def _shadowed(self):
        """Top-level names that an import would now find in the application's folders."""
        path = self._surroundings.own_path()
        if path not in self._shadows:
            found = (_shadows(folder or ".", self._tops) for folder in path)
            self._shadows[path] = frozenset().union(*found)
        return self._shadows[path]

    def hand_out(self):
        """Puts the modules of the next step back. What it brought along and changed when
        it was imported happens now, too."""
        head, _, names, changes = self._steps[self._next]
        self._next += 1
        self._count += len(names)
        apply(changes)
        for name in names:
            module = self.modules[name]
            sys.modules[name] = module
            parent = self._parent(name) if name in self._bound else None
            if parent is not None:
                _names(parent)[self._bound[name]] = module
            self._handed[name] = module
            self._pending.discard(name)
        self._logged.repeat(head, self._broken)

    def leave(self):
        """Nothing is handed out any more, nor noticed: the import has failed."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        self._logged.leave()

    def sort(self, is_own):
        """Looks at what was loaded so far, while nobody waits for it: it takes half a
        millisecond with a small Flask app."""
        for name, *_ in self._loads:
            module = sys.modules.get(name)
            if module is not None:
                self._is_library(name, module, is_own)

    def _is_library(self, name, module, is_own):
        known = self._libraries.get(name)
        if known is None or known[0] is not module:
            known = self._sorted.get(name)
        if known is None or known[0] is not module:
            known = self._sorted[name] = module, is_library(name, module, is_own)
        return known[1]

    def end_trace(self, is_own):
        """The libraries loaded, in order: (their names, what `preload` takes)."""
        sys.meta_path.remove(self)
        self._logged.leave()
        if self._next < len(self._steps):
            self._broken("%s is not imported any more" % self._steps[self._next][0])
        states, loads, seen = {}, [], set()
        for name, state, by_thread in self._loads:
            module = sys.modules.get(name)
            if module is None or name in seen:
                continue
            seen.add(name)
            if self._is_library(name, module, is_own):
                loads.append((name, states.setdefault(state, len(states)), by_thread))
        self._loads, self._sorted = [], {}
        # In a form that is the same for the same imports: later ones tell what is used twice.
        record = marshal.dumps((list(states), loads), 2)
        return [name for name, *_ in loads], record


_ModuleSpec = type(sys.__spec__)


class _Handed:
    """A loader that puts a module where it was asked for, its own spec included."""

    def __init__(self, stash):
        self._stash = stash

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self._stash.hand_out()


def _shadows(folder, tops):
    """Which of these names an import would find as a module or package in a folder."""
    try:
        entries = os.listdir(folder)
    except OSError:
        return frozenset()
    shadows = set()
    for entry in entries:
        stem = entry.partition(".")[0]
        if stem not in tops:
            continue
        place = os.path.join(folder, entry)
        package = entry == stem and os.path.isfile(os.path.join(place, "__init__.py"))
        if package or entry.endswith((".py", ".pyc", ".so")):
            shadows.add(stem)
    return frozenset(shadows)


def enter(stash, broken, watched, is_own, names):
    """Makes a forked process look as if nothing had been imported. Gives the stash."""
    settings.watch(watched)
    _renew(stash.modules)
    stash.enter(Surroundings(is_own, names, stash.no_aliases), broken)
    return stash


def _renew(modules):
    """What libraries take from the process or the hour when they are imported."""
    numpy = modules.get("numpy.random")
    if numpy is not None:
        # It seeds its global generator at import, so every fork would count alike.
        numpy.seed()
    renew_hour(modules)


def renew_hour(modules=None):
    """Makes the application's start be now, for what has noted it."""
    logging = (sys.modules if modules is None else modules).get("logging")
    if logging is not None and logging.__name__ not in BASE_MODULES:
        in_nanoseconds = isinstance(logging._startTime, int)
        logging._startTime = time.time_ns() if in_nanoseconds else time.time()


def tidy():
    """Has the collector do its work while nobody waits for the import: the next time that it
    goes through everything would be in the rest of it, and takes 40 ms with 300 modules. Not
    where the application would notice more than the time."""
    if gc.isenabled() and not gc.callbacks and not gc.get_debug():
        gc.collect()


def facts():
    """What a generation is compared by with one made another way."""
    found = ["module " + name for name in sys.modules]
    found += ["environment %s" % key for key in os.environ]
    found += ["thread"] * _thread._count()
    for number in _SIGNALS:
        found.append("handler %d %s" % (number, _handler(_signal.getsignal(number))))
    return sorted(found + _open_files())


def _open_files():
    """What descriptors lead to, but for the numbers of sockets and pipes, and but for
    files: the garbage collector closes forgotten ones at a time of its own."""
    found = []
    folder = "/proc/self/fd"
    for number in os.listdir(folder) if os.path.isdir(folder) else ():
        try:
            target = os.readlink(folder + "/" + number)
        except OSError:
            continue  # the one that the list was read by
        if not target.startswith("/"):
            found.append("open " + target.partition(":[")[0])
    return found
