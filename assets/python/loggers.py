"""What libraries do to `logging` when they are imported, done as if they were imported just
now when they are handed out.

In the zygote, `Watch` notes which loggers an import makes, what it changes in these and in
others and which lines it logs, and then has all of that undone. In a worker, `Loggers` does
it again, in the same order, at the moment that the library is handed out: with the loggers
that the library's modules hold, but on top of whatever the application has set up by then.

Of this an application can find one thing, `loggerClass` of the manager, and only until its
libraries have their loggers. By that, who asks for a logger by name before the import that
makes it gets the one that the library has.
"""

import sys

_find_spec = sys.modules["_frozen_importlib"]._find_spec

# What a logger is set to, and what tells of that: an import that looks at these has to
# find the same in a worker.
_STATE = frozenset(("level", "handlers", "filters", "disabled", "propagate", "parent"))
_LISTS = ("handlers", "filters")
_QUESTIONS = frozenset(("isEnabledFor", "getEffectiveLevel", "hasHandlers"))
# What handles a record that was made in some other way than by logging a line.
_HANDLING = frozenset(("handle", "callHandlers", "filter"))
# Methods of `logging` itself: those that change a list, and others that look at loggers.
_CHANGES = frozenset(("addHandler", "removeHandler", "addFilter", "removeFilter"))
_UPKEEP = frozenset(
    ("_fixupParents", "_fixupChildren", "_clear_cache", "_is_disabled", "setLevel")
)

_OF_ALL = frozenset(("loggerDict", "disable"))

# What is changed by assigning it, in the module and in the manager.
_IN_MODULE = (
    "_loggerClass",
    "_logRecordFactory",
    "_srcfile",
    "lastResort",
    "logAsyncioTasks",
    "logMultiprocessing",
    "logProcesses",
    "logThreads",
    "raiseExceptions",
)
_IN_MANAGER = ("_disable", "emittedNoHandlerWarning", "logRecordFactory", "loggerClass")
_ABSENT = object()

# Why a library is not imported beforehand.
_CONFIGURES = "configures the root logger when imported"
_LOOKS = "looks through all loggers when imported"
_BY_HAND = "changes loggers by hand when imported"
_OWN_WAY = "logs in a way of its own when imported"
_HEARD = "logs to a handler or filter of a library when imported"
_VARYING = "logs what has changed later when imported"
_WARNINGS = "has warnings logged when imported"


def kinds():
    """What loggers and records are made by, where it is not what `logging` brings along."""
    logging = sys.modules.get("logging")
    try:
        manager = logging.Logger.manager
        usual = logging.Logger, logging.LogRecord, None, None
        factory = manager.loggerClass
        if isinstance(getattr(factory, "__self__", None), Loggers):
            factory = None
        made_by = logging._loggerClass, logging._logRecordFactory
        found = (*made_by, factory, manager.logRecordFactory)
    except AttributeError:
        return ()  # not imported, or not yet to its end, or another module of that name
    return () if found == usual else found


def is_setting(module, name):
    """Whether that is set to one class or another, which is replacing none."""
    return module == "logging" and name in _IN_MODULE


class Watch:
    """Entered for each import in the zygote. Finder of `logging`, until that is found: it may
    be imported in the midst of what is watched."""

    def __init__(self):
        self._logging = None
        self._loggers = Loggers()
        # Texts of lines, to see whether they are still the same in the end.
        self._texts = []

    def __enter__(self):
        # In order (verb, logger, what of it, value); why it could not be done again.
        self._notes, self.why = [], None
        # What lists that were looked at from outside have to be in the end.
        self._lists = {}
        module = self._logging or sys.modules.get("logging")
        if module is None:
            sys.meta_path.insert(0, self)
        else:
            self._begin(module)
        return self

    def find_spec(self, name, path=None, target=None):
        """Part of the import system's protocol."""
        if name != "logging":
            return None
        sys.meta_path.remove(self)
        spec = _find_spec(name, path, target)
        loader = getattr(spec, "loader", None)
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return spec

        def exec_module(module):
            del loader.exec_module
            execute(module)
            self._begin(module)

        loader.exec_module = exec_module
        return spec

    def _begin(self, logging):
        if self._logging is None:
            self._logging = logging
            self._start = _Setup(logging)
            self._known = dict(self._start.states)
            states = self._start.states.values()
            self._others = [one for *_, lists in states for one in sum(lists.values(), [])]
        self._kind = _kind(logging)
        self._settings = _settings(logging)
        self._references = list(logging._handlerList)
        self._showing = logging._warnings_showwarning
        self._hook()

    def _hook(self):
        logger, manager = self._logging.Logger, self._logging.Manager
        namespace = vars(self._logging)

        def read(logger, name):
            return self._read(logger, name, sys._getframe(1))

        def write(logger, name, value):
            self._write(logger, name, value, sys._getframe(1))

        def read_manager(manager, name):
            reader = sys._getframe(1).f_globals
            if reader is not namespace and reader is not _OURS and name in _OF_ALL:
                self._refuse(_LOOKS)
            return object.__getattribute__(manager, name)

        # Not the methods themselves, which others may keep.
        logger.__getattribute__, logger.__setattr__ = read, write
        manager.__getattribute__ = read_manager

    def __exit__(self, *error):
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if self._logging is None:
            return
        logger, manager = self._logging.Logger, self._logging.Manager
        del logger.__getattribute__, logger.__setattr__, manager.__getattribute__
        if self._logging._warnings_showwarning is not self._showing:
            self._refuse(_WARNINGS)
        for (logger, name), expected in self._lists.items():
            if getattr(logger, name) != expected:
                self._refuse(_BY_HAND)
        found = self._logging.Logger.manager.loggerDict.values()
        found = [logger for logger in found if isinstance(logger, self._logging.Logger)]
        if {self._logging.root, *found} != set(self._known):
            self._refuse(_BY_HAND)

    def keep(self, head):
        """The import of this module is one that can be done again."""
        if self._logging is None:
            return
        settings = _settings(self._logging)
        changed = [
            (key, settings.get(key, _ABSENT))
            for key in {**self._settings, **settings}
            if settings.get(key, _ABSENT) != self._settings.get(key, _ABSENT)
        ]
        known = set(map(id, self._references))
        added = [one for one in self._logging._handlerList if id(one) not in known]
        self._loggers.add(head, self._notes, changed, added)
        for verb, _, _, line in self._notes:
            if verb == "log":
                self._texts.append((head, line, line.text(self._logging)))

    def finish(self):
        """Undoes it all. Gives what does it again, and which imports that cannot be done
        for after all, with the reason."""
        refusals = [
            (head, _VARYING)
            for head, line, text in self._texts
            if line.text(self._logging) != text
        ]
        if self._logging is not None:
            for logger, state in self._known.items():
                _restore(logger, state)
            self._start.restore(self._logging)
            self._loggers.wait(self._logging)
        return self._loggers, refusals

    def _refuse(self, why):
        self.why = self.why or why

    def _note(self, *note):
        if not self._notes or self._notes[-1] != note:
            self._notes.append(note)

    def _read(self, logger, name, frame):
        value = object.__getattribute__(logger, name)
        if name not in _WATCHED:
            return value
        namespace, doing = vars(self._logging), frame.f_code.co_name
        inside = frame.f_globals is namespace
        if name in _QUESTIONS:
            while frame.f_globals is namespace and frame.f_code.co_name in _QUESTIONS:
                frame = frame.f_back
            if frame.f_globals is namespace and name == "isEnabledFor":
                return _always
            if frame.f_globals is not _OURS:
                self._note("find", logger, name, _look(logger, name))
        elif name == "_log" and inside:
            return self._recorder(logger, frame)
        elif frame.f_globals is _OURS:
            pass
        elif name in _STATE and not inside:
            self._look_at(logger, name, value)
        elif name in _STATE and doing in _CHANGES:
            self._change(logger, name, doing, frame.f_locals[frame.f_code.co_varnames[1]])
        elif name in _STATE and doing not in _UPKEEP and doing not in _QUESTIONS:
            self._refuse(_CONFIGURES)
        elif name == "getChildren":
            self._refuse(_LOOKS)
        elif name not in _STATE:
            self._refuse(_OWN_WAY)
        return value

    def _look_at(self, logger, name, value):
        self._note("find", logger, name, _look(logger, name))
        if isinstance(value, list):
            if self._lists.get((logger, name), value) != value:
                self._refuse(_BY_HAND)
            self._lists[logger, name] = list(value)

    def _change(self, logger, name, doing, item):
        """A handler or filter is about to be added or removed. Seen twice, when it is looked
        for and when it is done: doing it twice is doing it once."""
        if logger in self._known:
            self._note("call", logger, doing, item)
        expected = self._lists.get((logger, name))
        if expected is not None and (item in expected) != doing.startswith("add"):
            (expected.append if doing.startswith("add") else expected.remove)(item)

    def _write(self, logger, name, value, frame):
        doing = frame.f_code.co_name
        inside = frame.f_globals is vars(self._logging)
        if inside and doing == "getLogger":
            # It is this logger's last step outside of the hierarchy.
            self._known[logger] = _state(logger)
            is_chosen = type(logger) is not self._kind
            self._note("make", logger, vars(logger)["name"], is_chosen)
        elif logger in self._known and not (inside and doing in _UPKEEP - {"setLevel"}):
            if inside and doing == "setLevel":
                self._note("call", logger, doing, value)
            else:
                self._note("set", logger, name, value)
            if isinstance(value, list):
                self._lists[logger, name] = list(value)
        object.__setattr__(logger, name, value)

    def _recorder(self, logger, frame):
        namespace = vars(self._logging)
        while frame.f_globals is namespace:
            frame = frame.f_back

        def record(level, msg, args, exc_info=None, extra=None, **stack):
            if logger not in self._known or any(
                value != usual
                for value, usual in zip(stack.values(), map(_USUAL.get, stack))
            ):
                self._refuse(_OWN_WAY)
            if self._is_heard(logger):
                self._refuse(_HEARD)
            if exc_info and not isinstance(exc_info, (tuple, BaseException)):
                exc_info = sys.exc_info()
            kept = {"exc_info": exc_info, "extra": extra}
            line = _Line(frame, level, msg, args, kept)
            self._notes.append(("log", logger, None, line))

        return record

    def _is_heard(self, logger):
        """Whether a library would have its lines at once, and not only once they are logged
        in a worker."""
        by = list(logger.filters)
        while logger is not None:
            by += logger.handlers
            logger = logger.parent if logger.propagate else None
        deaf = self._logging.NullHandler
        return any(type(one) is not deaf and one not in self._others for one in by)


_WATCHED = _STATE | _QUESTIONS | _HANDLING | {"_log", "getChildren"}
_OURS = globals()
# As a line is logged that says nothing about the stack.
_USUAL = {"stack_info": False, "stacklevel": 1}


def _always(level):
    """Lines are made whether anybody wants to have them now or not."""
    return True


def _look(logger, name):
    """What a look at this attribute tells."""
    if name == "hasHandlers":
        return logger.hasHandlers()
    if name in _QUESTIONS:
        return logger.getEffectiveLevel(), logger.disabled, logger.manager.disable
    value = getattr(logger, name)
    return list(value) if isinstance(value, list) else value


class _Line:
    """A line that was logged, and from where."""

    def __init__(self, frame, level, msg, args, kept):
        self._namespace = frame.f_globals
        self._what = {"level": level, "msg": msg, "args": args, "kept": kept}
        source = "log(level, msg, *args, **kept)"
        code = compile(source, frame.f_code.co_filename, "exec", dont_inherit=True)
        names = {"co_name": frame.f_code.co_name, "co_firstlineno": frame.f_lineno}
        if hasattr(code, "co_qualname"):
            names["co_qualname"] = frame.f_code.co_qualname
        self._code = code.replace(**names)

    def text(self, logging):
        """What it says at present."""
        what = self._what
        record = logging.LogRecord("", 0, "", 0, what["msg"], what["args"], None)
        try:
            return record.getMessage(), repr(what["kept"]["extra"])
        except Exception:
            return None  # which is told on stderr when it is written

    def log(self, logger):
        """Logs it, where it is enabled: from a frame that handlers and `logging` itself take
        for the one that it was logged from."""
        exec(self._code, self._namespace, {**self._what, "log": logger.log})


class Loggers:
    """What is done to `logging` when libraries are handed out; made in the zygote."""

    def __init__(self):
        self._logging = None
        # By the module whose import it is.
        self._deeds = {}
        # Loggers that are not made yet, by their names.
        self._stock = {}

    def add(self, head, notes, settings, references):
        """What the import of a module does."""
        if notes or settings or references:
            self._deeds[head] = notes, settings, references
        self._stock.update((name, one) for verb, one, name, _ in notes if verb == "make")

    def wait(self, logging):
        """Has loggers taken from here from now on."""
        self._logging = logging
        if self._stock:
            self._factory = logging.Logger.manager.loggerClass
            logging.Logger.manager.loggerClass = self.make

    def make(self, name):
        """Called by the manager for the first one who asks for a logger."""
        kind = self._factory or self._logging._loggerClass
        logger = self._stock.get(name)
        if type(logger) is not kind:
            return kind(name)
        return self._stock.pop(name)

    def repeat(self, head, broken):
        """Does what the import of a module does. Has the process end if the application
        has made that impossible."""
        if head not in self._deeds:
            return
        self._do(head, broken)
        if not self._stock:
            self.leave()

    def _do(self, head, broken):
        notes, settings, references = self._deeds[head]
        for verb, logger, name, value in notes:
            if verb == "make":
                if not self._put_in(logger, name, value):
                    why = "logger %s is made before %s is imported" % (name, head)
                    broken(why, (), head)
            elif verb == "find":
                if _look(logger, name) != value:
                    why = "%s looks at how logging is set up when imported" % head
                    broken(why, (), head)
            elif verb == "call":
                getattr(self._logging.Logger, name)(logger, value)
            elif verb == "set":
                setattr(logger, name, value)
            else:
                value.log(logger)
        if settings:
            _apply(self._logging, settings)
        if references:
            self._logging._handlerList += references

    def _put_in(self, logger, name, is_chosen):
        """Whether a logger is the one of its name now."""
        manager = self._logging.Logger.manager
        if is_chosen and name in self._stock:
            # The library makes it of a class of its own, whatever others are made of.
            factory, manager.loggerClass = manager.loggerClass, self._stock.pop
            try:
                manager.getLogger(name)
            finally:
                manager.loggerClass = factory
        return manager.getLogger(name) is logger

    def leave(self):
        """Nothing is handed out any more."""
        if self._logging is not None:
            manager = self._logging.Logger.manager
            if getattr(manager.loggerClass, "__self__", None) is self:
                manager.loggerClass = self._factory


class _Setup:
    """How `logging` is before libraries are imported beforehand."""

    def __init__(self, logging):
        entries = logging.Logger.manager.loggerDict
        found = [one for one in entries.values() if isinstance(one, logging.Logger)]
        self.states = {one: _state(one) for one in (logging.root, *found)}
        self._entries = dict(entries)
        self._children = [
            (one, dict(one.loggerMap))
            for one in entries.values()
            if isinstance(one, logging.PlaceHolder)
        ]
        self._settings = _settings(logging)
        self._references = list(logging._handlerList)

    def restore(self, logging):
        """Makes it so again, but for the loggers themselves."""
        for place, children in self._children:
            place.loggerMap = children
        entries = logging.Logger.manager.loggerDict
        entries.clear()
        entries.update(self._entries)
        settings = dict.fromkeys(_settings(logging), _ABSENT)
        _apply(logging, {**settings, **self._settings}.items())
        logging._handlerList[:] = self._references


def _kind(logging):
    """What a new logger is made by."""
    return logging.Logger.manager.loggerClass or logging._loggerClass


def _state(logger):
    """What a logger is, as (its class, its attributes, what is in its lists). Lists that a
    class of a library adds are the library's, as they are in its modules."""
    names = dict(object.__getattribute__(logger, "__dict__"))
    own = {name: names.get(name) for name in _LISTS}
    lists = {name: list(one) for name, one in own.items() if isinstance(one, list)}
    return type(logger), names, lists


def _restore(logger, state):
    kind, names, lists = state
    if type(logger) is not kind:
        logger.__class__ = kind
    present = vars(logger)
    for name in present.keys() - names.keys():
        del present[name]
    present.update(names)
    for name, content in lists.items():
        present[name][:] = content
    logger._cache.clear()


def _places(logging):
    return (
        vars(logging),
        vars(logging.Logger.manager),
        logging._levelToName,
        logging._nameToLevel,
        logging._handlers,
    )


def _settings(logging):
    """What is set in `logging` itself: (place, name) -> value."""
    module, manager, *others = _places(logging)
    found = {(0, name): module[name] for name in _IN_MODULE if name in module}
    found.update({(1, name): manager[name] for name in _IN_MANAGER if name in manager})
    for place, names in enumerate(others, 2):
        found.update({(place, name): value for name, value in list(names.items())})
    return found


def _apply(logging, settings):
    places = _places(logging)
    for (place, name), value in settings:
        if value is _ABSENT:
            places[place].pop(name, None)
        else:
            places[place][name] = value
