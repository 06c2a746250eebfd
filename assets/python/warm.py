"""Imports libraries before they are needed, and hands them out as if imported just then.

In the zygote, `preload` imports what an earlier generation was seen to import, one step
after the other, each in the surroundings (environment, module path, filters, handlers)
that generation had at that point. In a worker, `Stash` takes all of it out of
`sys.modules` again and gives it back, step by step, when the application imports it, so
that order and content of `sys.modules` are those of a process started afresh. Where the
application does anything else than was learnt, `broken` is called: other steps, another
order, other surroundings, a library's function replaced, a step left out.
"""

import _thread
import gc
import importlib
import itertools
import marshal
import os
import sys
import time

import _rdev_loggers as loggers
import _rdev_settings as settings
import _rdev_stored as stored
from _rdev_base import BASE_MODULES
from _rdev_surroundings import (
    IN_SYS,
    HookWatch,
    OwnFinder,
    Surroundings,
    apply,
    changes_between,
    difference,
    handlers,
    is_alias,
    names_of,
    snapshot,
)

_ident = _thread.get_ident  # gevent puts one of greenlets in its place
_Module = type(sys)


def _unbind(parent, child, module):
    """`from package import module` must be an import, though the package knows it."""
    names = names_of(parent)
    if names.get(child) is not module:
        return False
    del names[child]
    return True


def is_library(name, module, is_own):
    """Whether a module is no code of the user's, and can be imported by its name."""
    if name.startswith("_rdev") or name == "__main__":
        return False
    spec = names_of(module).get("__spec__")
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
        steps, logged, refusals, (late, first), learnt = _take_steps(
            trace, excluded, is_own, forks, names
        )
    files = _files((name for _, _, names, _ in steps for name in names), is_own)
    stash = Stash(steps, is_own, logged, first)
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
    what they did to `logging` comes besides, and of what is late the first with its state."""
    states, loads = marshal.loads(trace)
    surroundings = Surroundings(is_own, names)
    start, watch = snapshot(), loggers.Watch()
    steps, refusals, late, learnt = [], [], ([], None), []
    for _, index, _ in loads[:1]:
        settings.begin(states[index][1])
    known = surroundings.look()
    for place, (name, index, by_thread) in enumerate(loads):
        # Importing a submodule imports the packages above it, too.
        packages = itertools.accumulate(name.split("."), "{}.{}".format)
        if name in sys.modules or any(package in excluded for package in packages):
            continue
        values = states[index][1]
        found = surroundings.become(states[index])
        why = _obstacle(name, states[index], found, by_thread)
        if why:
            # Nothing from here on.
            others = [other for other, *_ in loads[place:] if other not in sys.modules]
            late = [(other, why) for other in others], (name, states[index])
            break
        known = known[0], settings.with_new(known[1], values), known[2]
        if states[index] != known:
            learnt.append((name, difference(known, states[index])))
            known = states[index]
        modules, before = set(sys.modules), snapshot()
        why = _import(name, is_own, forks, watch) or _hooked(before, snapshot())
        brought = [other for other in sys.modules if other not in modules]
        why = why or _unwanted(brought, excluded, values)
        if why:
            refusals.append((name, why))
        steps.append((name, states[index], brought, changes_between(before, snapshot())))
        watch.keep(name)
    logged, unlike = watch.finish()
    apply(changes_between(snapshot(), start))
    settings.restore()
    return steps, logged, refusals + unlike, late, learnt


def _obstacle(name, wanted, found, by_thread):
    """Why a module cannot be imported beforehand, nor anything after it, if so."""
    opaque = [what for what, value in wanted[1] if value == settings.OTHER]
    if opaque:
        return "comes after a change of %s" % opaque[0]
    if found != wanted:
        # The application has changed something before this that cannot be changed for it.
        return "comes after a change of %s" % difference(found, wanted)
    if by_thread:
        # That is at another moment in each process.
        return "comes after a thread has begun to import %s" % name
    return None


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


def _unwanted(brought, excluded, values):
    """Why a step cannot be handed out for what it brought along, or set, if so."""
    for other in brought:
        if other in excluded:
            return "imports %s, which is imported anew" % other
    now = dict(settings.read())
    for what, value in values:
        if now.get(what, value) != value and now[what][:1] == settings.OTHER:
            return "sets %s when imported" % what
    return None


def _import(name, is_own, forks, watch):
    """Imports one module; returns why that must not be done beforehand, if so."""
    before, threads, files = set(sys.modules), _thread._count(), _descriptors()
    numbers, hook = _random_state(), HookWatch()
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
    if hook.is_kept():
        return "keeps or replaces sys.excepthook when imported"
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


class Stash(OwnFinder):
    """Finder of what was imported beforehand; first on `sys.meta_path` while the
    application is imported.

    Every import that `sys.modules` does not settle comes by here, those by
    `importlib.import_module` and of parent packages included (the audit event "import"
    misses both), so it also notes what an import of the application loads.
    """

    def __init__(self, steps, is_own, logged=None, late=None):
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
            if not is_alias(name, module)
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
        # The first module that comes too late to be among them, and in which state.
        self._late = late
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
        base = [
            (name, names_of(module))
            for name, module in sys.modules.items()
            if name != "__main__" and not name.startswith("_rdev")
        ]
        others = [(name, names_of(self.modules[name])) for name in self.names()]
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
            and not (module == "sys" and name in IN_SYS)
            and not loggers.is_setting(module, name)
        ]
        return [
            binding
            for binding, (before, now) in changes
            if not settings.is_seen(*binding, now)
            and settings.is_set(*binding, before, now)
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
                names_of(parent)[self._bound[name]] = module
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
        """The libraries loaded, in order: (their names, what `preload` takes, whether it could
        do more with that than before)."""
        sys.meta_path.remove(self)
        self._logged.leave()
        stored.forget()
        if self._next < len(self._steps):
            self._broken("%s is not imported any more" % self._steps[self._next][0])
        states, loads, seen = {}, [], set()
        has_moved = self._late is not None and self._late not in (
            (name, state) for name, state, _ in self._loads
        )
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
        return [name for name, *_ in loads], record, has_moved


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
    found += ["handler %d %s" % handler for handler in handlers()]
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
