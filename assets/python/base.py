"""What the interpreter has loaded before anything of rdev's own, and the way back to that."""

import sys

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
import os

_IS_COLLECTING = gc.isenabled()  # `sitecustomize` may have switched it off
gc.disable()  # until `hide`: there is nothing to collect yet

BASE_ENVIRONMENT = dict(os.environ)


def hide():
    """Takes what rdev's own Python files have loaded out of sight: the application loads
    its own, from its own folder if that has one of the name."""
    sys.modules.clear()
    sys.modules.update(_BASE)
    # The collector would go through them again and again while the application is
    # imported, which takes 20 ms with Django.
    gc.freeze()
    if _IS_COLLECTING:
        gc.enable()
