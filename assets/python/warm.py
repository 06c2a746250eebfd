"""Imports libraries before they are needed, and hands them out as if imported just then.

In the zygote, `preload` imports what an earlier generation was seen to import, one step
after the other, each in the surroundings (environment, module path, filters, handlers)
that generation had at that point. In a worker, `Stash` takes all of it out of
`sys.modules` again and gives it back when the application imports it, so that order and
content of `sys.modules` are those of a process started afresh. A module whose
surroundings differ by then would have been imported differently: `broken` is called.
"""

import builtins
import gc
import importlib
import itertools
import marshal
import os
import signal
import sys
import tempfile
import threading
import warnings

# What the interpreter itself has loaded before anything of ours.
BASE_MODULES = frozenset(sys.modules)
BASE_ENVIRONMENT = dict(os.environ)
# What rdev's own Python files have loaded, and use whether the application does or not.
EARLY_MODULES = set()

_SIGNALS = tuple(
    getattr(signal, "SIG" + name)
    for name in ("INT", "TERM", "HUP", "USR1", "USR2", "CHLD", "ALRM")
)


def _name(value):
    """A name that is the same in every process, unlike an address."""
    kind = value if hasattr(value, "__qualname__") else type(value)
    return "%s.%s" % (getattr(kind, "__module__", ""), getattr(kind, "__qualname__", kind))


def _handler(value):
    return _name(value) if callable(value) else str(value)


def _environment():
    """A copy of the environment, without decoding it where that can be had."""
    return dict(getattr(os.environ, "_data", os.environ))


def _pattern(value):
    return getattr(value, "pattern", value)


def snapshot():
    """What imports depend on, as it is."""
    return (
        _environment(),
        list(sys.path),
        [finder for finder in sys.meta_path if not isinstance(finder, Stash)],
        list(sys.path_hooks),
        list(warnings.filters),
        [signal.getsignal(number) for number in _SIGNALS],
        builtins.__import__,
        _patched(),
    )


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
        if index == 0:
            decode = os.fsdecode
            _become({decode(key): decode(text) for key, text in value.items()})
        elif index == 1:
            sys.path[:] = value
        elif index == 2:
            ours = [finder for finder in sys.meta_path if isinstance(finder, Stash)]
            sys.meta_path[:] = ours + value
        elif index == 3:
            sys.path_hooks[:] = value
        elif index == 4:
            warnings.filters[:] = value
            warnings._filters_mutated()
        elif index == 5:
            for number, handler in zip(_SIGNALS, value):
                if signal.getsignal(number) != handler:
                    signal.signal(number, handler)
        elif index == 6:
            builtins.__import__ = value


class Surroundings:
    """What imports depend on beside the files: looked at often, so compared cheaply."""

    def __init__(self, is_own):
        self._is_own = is_own
        self._raw = None
        self.state = None

    def look(self):
        """The state now, as (environment changes, everything else in words)."""
        raw = snapshot()
        if raw != self._raw:
            self._raw = raw
            self.state = self._describe(raw)
        return self.state

    def own_path(self):
        """The folders on `sys.path` that are no library's."""
        return tuple(entry for entry in sys.path if self._is_own_folder(entry))

    def _is_own_folder(self, entry):
        return not entry or self._is_own(os.path.join(entry, "module.py"))

    def _describe(self, raw):
        _, path, finders, hooks, filters, handlers, importer, patched = raw
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
            (action, _pattern(message), _name(category), _pattern(module), line)
            for action, message, category, module, line in filters
        ]
        rest = (
            ("sys.path", path),
            ("sys.meta_path", [_name(finder) for finder in finders]),
            ("sys.path_hooks", [_name(hook) for hook in hooks]),
            ("warning filters", filters),
            ("signal handlers", [_handler(handler) for handler in handlers]),
            ("__import__", _name(importer)),
            ("monkey patching", patched),
        )
        return changes, tuple((what, repr(value)) for what, value in rest)


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
    for (what, before), (_, after) in zip(expected[1], found[1]):
        if before != after:
            return what
    return "nothing"


def is_library(name, module, is_own):
    """Whether a module is no code of the user's, and can be imported by its name."""
    if name.startswith("_rdev") or name == "__main__":
        return False
    spec = getattr(module, "__spec__", None)
    if spec is None or spec.name != name:
        return False
    if spec.origin in ("built-in", "frozen"):
        return True
    places = [spec.origin] if spec.has_location else spec.submodule_search_locations
    places = list(places or ())
    return bool(places) and not any(is_own(place) for place in places)


# The files behind what was imported beforehand, as they were then.
_kept = {}


def _stamps(names):
    """What tells that a file was replaced or edited: of modules, and of their folders,
    where packages come and go."""
    files = {getattr(sys.modules[name], "__file__", None) for name in names} - {None}
    return {path: _stamp(path) for path in files | set(sys.path) - {""}}


def _stamp(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def preload(trace, excluded, is_own):
    """Imports in the zygote. Gives (steps, refusals): what can be handed out, and which
    modules must not be imported beforehand, with the reason.

    A step is (name, its state, names of the modules it brought, what else it changed).
    """
    states, loads = marshal.loads(trace)
    surroundings = Surroundings(is_own)
    start = snapshot()
    # What rdev's own Python files have imported counts where the libraries import it.
    early = Stash((), surroundings, None)
    steps, refusals = [], []
    for name, index in loads:
        # Importing a submodule imports the packages above it, too.
        packages = itertools.accumulate(name.split("."), "{}.{}".format)
        if name in sys.modules or any(package in excluded for package in packages):
            continue
        changes, _ = states[index]
        _set_environment(changes)
        if surroundings.look() != states[index]:
            # The application has changed something before this that cannot be changed
            # for it: nothing from here on.
            break
        modules, before = set(sys.modules), snapshot()
        why = _import(name, is_own)
        if why:
            refusals.append((name, why))
        brought = sorted(set(sys.modules) - modules)
        steps.append((name, states[index], brought, changes_between(before, snapshot())))
    early.dissolve()
    apply(changes_between(snapshot(), start))
    _kept.update(_stamps(name for _, _, names, _ in steps for name in names))
    gc.collect()
    gc.freeze()
    return steps, refusals


def _set_environment(changes):
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


def _import(name, is_own):
    """Imports one module; returns why that must not be done beforehand, if so."""
    before, threads, files = set(sys.modules), threading.active_count(), _descriptors()
    with _Silence() as silence:
        try:
            importlib.import_module(name)
        except BaseException as error:
            return "fails when imported alone: %s: %s" % (type(error).__name__, error)
    if silence.broken:
        return "prints when imported"
    if threading.active_count() != threads:
        return "starts a thread"
    if _descriptors() != files:
        return "opens a file or a socket"
    for other in set(sys.modules) - before:
        module = sys.modules[other]
        if is_own(getattr(module, "__file__", None)):
            return "imports %s, which is yours" % other
    return None


class _Silence:
    """Notices what an import prints, and keeps it to itself: every generation that
    imports the module has to print it."""

    def __enter__(self):
        self._file = tempfile.TemporaryFile()
        self._kept = [(number, os.dup(number)) for number in (1, 2)]
        for number, _ in self._kept:
            os.dup2(self._file.fileno(), number)
        return self

    def __exit__(self, *error):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        self.broken = os.fstat(self._file.fileno()).st_size > 0
        for number, kept in self._kept:
            os.dup2(kept, number)
            os.close(kept)
        self._file.close()


def _descriptors():
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return 0


class Stash:
    """Finder of what was imported beforehand; first on `sys.meta_path`.

    Every import that `sys.modules` does not settle comes by here, those by
    `importlib.import_module` and of parent packages included (the audit event "import"
    misses both), so it also notes what an import of the application loads.
    """

    def __init__(self, steps, surroundings, broken):
        self._surroundings = surroundings
        self._broken = broken
        self._loads = []
        self._tracing = broken is not None
        self._modules = {
            name: sys.modules.pop(name)
            for name in list(sys.modules)
            if name not in BASE_MODULES
        }
        self._bound = {name for name in self._modules if self._unbind(name)}
        self._state, self._together = {}, {}
        for head, state, names, changes in steps:
            self._together[head] = names, changes
            self._state.update((name, state) for name in names)
        self._tops = {name.partition(".")[0] for name in self._modules}
        self._shadows = {}
        sys.meta_path.insert(0, self)

    def dissolve(self):
        """Puts everything back."""
        sys.meta_path.remove(self)
        for name, module in self._modules.items():
            if name not in sys.modules:
                self._put_back(name, module)

    def _parent(self, name):
        parent, _, child = name.rpartition(".")
        return self._modules.get(parent) or sys.modules.get(parent), child

    def _unbind(self, name):
        """`from package import module` must come by here, though the package knows it."""
        if name in EARLY_MODULES:
            return False
        parent, child = self._parent(name)
        if parent is None or vars(parent).get(child) is not self._modules[name]:
            return False
        delattr(parent, child)
        return True

    def _put_back(self, name, module):
        sys.modules[name] = module
        parent, child = self._parent(name)
        if name in self._bound and parent is not None:
            setattr(parent, child, module)

    def find_spec(self, name, path=None, target=None):
        """Part of the import system's protocol."""
        if self._tracing:
            self._loads.append((name, self._surroundings.look()))
        if name not in self._modules:
            return None
        top = name.partition(".")[0]
        if self._tracing and top in self._shadowed():
            if top in self._state:
                self._broken("%s is a module of yours now" % top)
            return None
        expected = self._state.get(name)
        if expected is not None and self._surroundings.look() != expected:
            what = difference(expected, self._surroundings.state)
            self._broken("%s is imported after a change of %s" % (name, what))
            return None
        return self._hand_out(name)

    def _shadowed(self):
        """Top-level names that an import would now find in the application's folders."""
        path = self._surroundings.own_path()
        if path not in self._shadows:
            found = (_shadows(folder or ".", self._tops) for folder in path)
            self._shadows[path] = frozenset().union(*found)
        return self._shadows[path]

    def end_trace(self, is_own):
        """The libraries loaded, in order: (their names, what `preload` takes)."""
        self._tracing = False
        states, loads, seen = {}, [], set()
        for name, state in self._loads:
            module = sys.modules.get(name)
            if module is None or name in seen:
                continue
            seen.add(name)
            if is_library(name, module, is_own):
                loads.append((name, states.setdefault(state, len(states))))
        self._loads = []
        return [name for name, _ in loads], marshal.dumps((list(states), loads))

    def _hand_out(self, name):
        module = self._modules[name]
        # What it brought along and changed when it was imported happens now, too.
        names, changes = self._together.pop(name, ((), ()))
        apply(changes)
        for other in names:
            if other != name and other in self._modules and other not in sys.modules:
                self._put_back(other, self._modules[other])
                del self._modules[other]
        del self._modules[name]
        return _ModuleSpec(name, _Handed(module), is_package=hasattr(module, "__path__"))


_ModuleSpec = type(sys.__spec__)


class _Handed:
    """A loader that gives a module as it is, its own spec included."""

    def __init__(self, module):
        self._module = module
        self._kept = {
            key: module.__dict__[key]
            for key in ("__spec__", "__loader__", "__package__", "__path__", "__file__")
            if key in module.__dict__
        }

    def create_module(self, spec):
        return self._module

    def exec_module(self, module):
        module.__dict__.update(self._kept)


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


def enter(steps, broken, is_own):
    """Makes a forked process look as if nothing had been imported. Gives the stash."""
    _reseed()
    for path, stamp in _kept.items():
        if _stamp(path) != stamp:
            broken("%s was changed" % path)
    return Stash(steps, Surroundings(is_own), broken)


def _reseed():
    """numpy seeds its global generator at import, so every fork would count alike."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def facts():
    """What a generation is compared by with one made another way."""
    found = ["module " + name for name in sys.modules if not name.startswith("_rdev")]
    found += ["environment %s" % key for key in os.environ]
    found += ["thread " + thread.name for thread in threading.enumerate()]
    for number in _SIGNALS:
        handler = signal.getsignal(number)
        found.append("handler %d %s" % (number, _handler(handler)))
    found.append("%d descriptors" % _descriptors())
    return sorted(found)
