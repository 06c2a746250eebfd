"""Makes a freshly forked worker look like a Python process started for the application.

Standard streams, arguments, module path, `breakpoint()`, what is told of a death or a
failure, and the way out.
"""

import _signal
import errno
import faulthandler
import os
import sys

# Debuggers that talk to the terminal, which the worker does not have.
_TERMINAL_DEBUGGERS = ("", "pdb.set_trace", "ipdb.set_trace", "pudb.set_trace")


def settle(arguments, app_dir, hint):
    """Called once, before anything of the user's is imported."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    sys.argv[:] = arguments
    sys.path.insert(0, app_dir)
    _replace_breakpoint(hint)
    _ready_for_forks()


def _replace_breakpoint(hint):
    original = sys.breakpointhook

    def breakpointhook(*args, **kwargs):
        wanted = os.environ.get("PYTHONBREAKPOINT", "")
        if wanted not in _TERMINAL_DEBUGGERS:
            return original(*args, **kwargs)
        caller = sys._getframe(1)
        place = "%s:%d" % (caller.f_code.co_filename, caller.f_lineno)
        problem = "breakpoint() at %s was passed over" % place
        mend = (
            "the terminal is not handed over to a debugger yet; a remote one works: "
            "PYTHONBREAKPOINT=remote_pdb.set_trace"
        )
        if not hint(problem, mend):
            print("rdev: %s: %s" % (problem, mend), file=sys.stderr)
        return None

    sys.breakpointhook = breakpointhook


def ended(why):
    """The class of the exception that ends a request from outside.

    Not an `Exception`: what catches every error and goes on must not catch this.
    """

    def explain(self):
        BaseException.__init__(self, why)

    members = {"__module__": "rdev", "__init__": explain}
    return type("RequestEnded", (BaseException,), members)


def stuck(thread, why):
    """The exception that did not reach a thread, as if that had raised it where it is."""
    error = ended(why)()
    try:
        raise error
    except BaseException as raised:
        kind = type(raised.__traceback__)
    frame, place = sys._current_frames().get(thread), None
    while frame is not None:
        place = kind(place, frame, frame.f_lasti, frame.f_lineno or 0)
        frame = frame.f_back
    return error.with_traceback(place)


def register_stack(signum, descriptor):
    """Has faulthandler write the stack of the thread that gets that signal. The module is
    not the one that the application imports, and `is_enabled()` does not tell."""
    faulthandler.register(signum, descriptor, all_threads=False, chain=False)


def address_in_use(error):
    """Whether an address that is taken led to this exception, also where it was turned
    into another, such as SystemExit."""
    waiting, seen = [error], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OSError) and one.errno == errno.EADDRINUSE:
            return True
        waiting += [one.__cause__, one.__context__]
        waiting += getattr(one, "exceptions", None) or ()
    return False


def _ready_for_forks():
    """A process that is forked from a request takes the thread that it was forked in for
    its main thread. Of ours, which `threading` has not started, it knows too little for
    that: before 3.13 such a process fails at its end, with what it printed not flushed."""

    def adopt():
        threading = sys.modules.get("threading")
        try:
            here = threading.get_ident()
            if isinstance(threading._active.get(here), threading._DummyThread):
                # Where threading comes after this, it makes a main thread itself.
                del threading._active[here]
            if isinstance(threading._main_thread, threading._DummyThread):
                threading._main_thread = threading._MainThread()
        except Exception:
            pass  # not imported, or of another Python: it ends as it would without this

    os.register_at_fork(after_in_child=adopt)


def leave_fork():
    """Ends a process that the application forked and let come back into the server."""
    text = (
        "rdev: a process that the application forked came back from it and was ended; "
        "such a process has to end by itself, with os._exit()\n"
    )
    try:
        os.write(2, text.encode())
    finally:
        os._exit(1)


def retire(give_back):
    """Ends the process as `sys.exit()` would, but for threads that never end. What it
    holds is given back before its memory is."""
    handler = _signal.getsignal(_signal.SIGTERM)
    try:
        if callable(handler):
            handler(_signal.SIGTERM, None)
    except BaseException as error:
        if not isinstance(error, SystemExit):
            sys.excepthook(type(error), error, error.__traceback__)
    finish(0, give_back)


def finish(status, give_back=None):
    """Runs the exit handlers, flushes and leaves.

    The interpreter is not finalised: threads of the server that still wait for it would
    abort the process.
    """
    import atexit  # in Python 3.9 each copy of the module has its own handlers

    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # closed, or replaced by something that cannot be flushed
    if give_back is not None:
        give_back()
    os._exit(status)
