"""Plain values that an import may depend on beside the files, and that can be made beforehand.

Those of the process: arguments, locale, time zone, the default timeout of sockets, the
context of `decimal`. And names in modules of libraries that the application was seen to
bind to something of its own before it imported more: `stripe.api_key = "..."`.
"""

import _contextvars
import _locale
import marshal
import sys
import time

import _rdev_stored as stored

# Stands before what is told of a value that is not plain, and cannot be made beforehand.
OTHER = b"?"
ARGUMENTS = "the arguments"
# What a name is bound to that a module does not have, and what stands for that.
MISSING = object()
_NONE = b""
_PLAIN = (str, bytes, int, float, complex, bool, type(None), type(...))

# (module, name, whether its values cannot be told from each other, how it is called) of
# what is watched.
_watched = ()
# What was there before `become`.
_of_process, _of_libraries = {}, {}


def is_plain(value, depth=3):
    """Whether a value is the same in every process that makes it."""
    if type(value) in (tuple, frozenset):
        return depth > 0 and all(is_plain(item, depth - 1) for item in value)
    return type(value) in _PLAIN


def is_set(module, name, before, after):
    """Whether the application means others to find something else there: it has replaced
    what the module defines, or binds that name itself."""
    if _home(before) == module:
        return True
    # What is added that is not plain is for those who know of it.
    return (before is not MISSING or is_plain(after)) and stored.is_stored(name)


def watch(names):
    """From now on these are looked at, too: (module, name, whether its values cannot be told
    from each other) of each."""
    global _watched
    _watched = tuple((*binding, "%s.%s" % binding[:2]) for binding in names)


def is_seen(module, name, value):
    """Whether somebody who compares what `read` gives notices that this is bound there."""
    is_watched = any((module, name) == known[:2] for known in _watched)
    return is_watched and is_plain(value)


def read():
    """All of them as they are: (what, value) pairs, to be compared and kept."""
    modules = sys.modules
    found = [(what, reading()) for what, (reading, _) in _PROCESS.items()]
    for module, name, is_opaque, what in _watched:
        if module in modules:
            value = _names(modules[module]).get(name, MISSING)
            found.append((what, OTHER if is_opaque else _packed(value)))
    return tuple(found)


def with_new(before, after):
    """What stands in `after`, with the values from before where there were any."""
    before = dict(before)
    return tuple((what, before.get(what, value)) for what, value in after)


def become(wanted):
    """Makes them so; what is not plain stays as it is."""
    wanted = dict(wanted)
    for what, (reading, make) in _PROCESS.items():
        before = reading()
        if wanted.get(what, before) != before:
            _of_process.setdefault(what, before)
            make(wanted[what])
    for module, name, _, what in _watched:
        if module in sys.modules and not wanted.get(what, OTHER).startswith(OTHER):
            names = _names(sys.modules[module])
            before = names.get(name, MISSING)
            if _packed(before) != wanted[what]:
                _of_libraries.setdefault(what, (names, name, before))
                _bind(names, name, wanted[what])


def begin(wanted):
    """What the application was started with is no change."""
    become((what, value) for what, value in wanted if what == ARGUMENTS)


def restore():
    """Undoes what `become` has done."""
    for what, before in _of_process.items():
        _PROCESS[what][1](before)
    for names, name, before in _of_libraries.values():
        if before is MISSING:
            names.pop(name, None)
        else:
            names[name] = before
    _of_process.clear()
    _of_libraries.clear()


def _names(module):
    return _module_names(module) if issubclass(type(module), _Module) else {}


_Module = type(sys)
_module_names = _Module.__dict__["__dict__"].__get__


def _packed(value):
    if value is MISSING:
        return _NONE
    if is_plain(value):
        # In the oldest form: the others tell strings that are interned from equal ones.
        return marshal.dumps(value, 0)
    return OTHER + _told(value).encode("utf-8", "backslashreplace")


def _told(value):
    """What tells a value that is not plain from most others, in every process."""
    kind = type(value)
    if kind is list and is_plain(tuple(value)):
        return repr(value)
    if kind is dict and is_plain(tuple(value)) and is_plain(tuple(value.values())):
        return repr(value)
    if kind in (_Function, _Builtin):
        return "%s.%s" % (value.__module__, value.__qualname__)
    named = value if issubclass(kind, type) else kind
    return "%s.%s" % (_home(named), type.__dict__["__qualname__"].__get__(named))


def _home(value):
    """The module that has defined a function or class, if it is one. Past what a class may
    do when it is looked at."""
    if type(value) is _Function:
        return value.__module__
    if not issubclass(type(value), type):
        return None
    try:
        return type.__dict__["__module__"].__get__(value)
    except AttributeError:
        return None  # it was made without, or that was taken away


_Function, _Builtin = type(read), type(len)


def _bind(names, name, packed):
    if packed == _NONE:
        names.pop(name, None)
    else:
        names[name] = marshal.loads(packed)


def _arguments():
    arguments = getattr(sys, "argv", None)
    is_usual = type(arguments) is list and is_plain(tuple(arguments))
    return tuple(arguments) if is_usual else OTHER


def _set_arguments(value):
    if value != OTHER:
        sys.argv[:] = value


def _get_locale():
    return _locale.setlocale(_locale.LC_ALL, None)


def _set_locale(value):
    _locale.setlocale(_locale.LC_ALL, value)


def _zone():
    return time.tzname, time.timezone, time.altzone, time.daylight


def _set_zone(_):
    time.tzset()  # it is the environment that says which


def _timeout():
    sockets = sys.modules.get("_socket")
    return None if sockets is None else sockets.getdefaulttimeout()


def _set_timeout(value):
    if "_socket" in sys.modules:
        sys.modules["_socket"].setdefaulttimeout(value)


def _decimals():
    """The context for decimals, but for what computing leaves there."""
    decimals = sys.modules.get("_decimal")
    if decimals is None:
        return None
    # To ask for the current one makes it.
    context = decimals.DefaultContext
    for variable, value in _contextvars.copy_context().items():
        if variable.name == "decimal_context":
            context = value
    traps = tuple(kind.__name__ for kind, is_set in context.traps.items() if is_set)
    size = context.prec, context.Emin, context.Emax
    return size, (context.rounding, context.capitals, context.clamp), traps


def _set_decimals(value):
    decimals = sys.modules.get("_decimal")
    if decimals is not None and value is not None:
        (prec, least, most), (rounding, capitals, clamp), traps = value
        traps = [getattr(decimals, name) for name in traps]
        context = decimals.Context(prec, rounding, least, most, capitals, clamp, [], traps)
        decimals.setcontext(context)


# What each is called, how it is read, and how it is made.
_PROCESS = {
    ARGUMENTS: (_arguments, _set_arguments),
    "the locale": (_get_locale, _set_locale),
    "the time zone": (_zone, _set_zone),
    "the timeout of sockets": (_timeout, _set_timeout),
    "the context of decimal": (_decimals, _set_decimals),
}
