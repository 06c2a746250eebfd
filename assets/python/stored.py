"""Which names the application's code binds in other objects: `liba.OPTION = ...`, or by a text
of that name, as for `setattr` and `mock.patch`. What else changes in a library has been
changed by libraries: counters, caches, what was made when it was first used.
"""

import opcode

_BINDS = frozenset(opcode.opmap[name] for name in ("STORE_ATTR", "DELETE_ATTR"))
_EXTENDED = opcode.EXTENDED_ARG
_Code = type((lambda: None).__code__)

# Code of modules that was not looked through yet; all that was, with the names and the last
# words of the texts in it.
_new, _codes = [], []
_names, _words = set(), set()


def note(code):
    """Takes in the code of a module of the user's."""
    _new.append(code)


def forget():
    """Nothing is imported any more."""
    for known in (_new, _codes, _names, _words):
        known.clear()


def is_stored(name):
    """Whether this is a name that the application's code binds in some object."""
    while _new:
        _look_through(_new.pop())
    if name in _words:
        return True
    return name in _names and any(name in _stored_in(code) for code in _codes)


def _look_through(code):
    _codes.append(code)
    _names.update(code.co_names)
    for value in code.co_consts:
        for part in value if type(value) is tuple else (value,):
            if type(part) is str:
                _words.add(part.rpartition(".")[2])
            elif type(part) is _Code:
                _look_through(part)


def _stored_in(code):
    """The names that this code binds in objects."""
    found, high = set(), 0
    instructions = code.co_code
    for place in range(0, len(instructions), 2):
        operation, argument = instructions[place], high | instructions[place + 1]
        high = argument << 8 if operation == _EXTENDED else 0
        if operation in _BINDS:
            found.add(code.co_names[argument])
    return found
