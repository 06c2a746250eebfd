"""Has the exchange that code works for follow into the threads that it starts and into what
it hands to thread pools.
"""

import _thread
import functools
import sys

_STARTERS = ("start_new_thread", "start_joinable_thread")

# Threads that these modules start work for whoever comes, not for who came first.
_SHARED = (
    "concurrent.futures.process",
    "logging.handlers",
    "multiprocessing.pool",
    "multiprocessing.queues",
)


def carry(bound):
    """From here on. Done again whenever a thread is started, for the modules that were
    imported since; a pool that is to be used starts one.

    `bound(function)` works for the exchange of whoever called `bound`, if there is one,
    wherever it is called.
    """
    _carry_into_threads(bound)
    item = _part("concurrent.futures.thread", "_WorkItem")
    if item is not None:
        _carry_into_items(item, bound)
    pool = _part("multiprocessing.pool", "ThreadPool")
    if pool is not None:
        _carry_into_tasks(pool, bound)


def _part(module, name):
    """A class of a module that is there and was not seen to before."""
    found = getattr(sys.modules.get(module), name, None)
    return None if found is None or "_rdev_carries" in vars(found) else found


def _carry_into_threads(bound):
    for module, mark in ((_thread, ""), (sys.modules.get("threading"), "_")):
        for name in _STARTERS:
            original = getattr(module, mark + name, None)
            if original is not None and not hasattr(original, "_rdev_carries"):
                setattr(module, mark + name, _starting(original, bound))


def _starting(original, bound):
    @functools.wraps(original)
    def start(function, *args, **kwargs):
        try:
            carry(bound)
            if callable(function) and not _is_shared(function):
                is_pythons = type(original) is type(len)
                function = bound(function) if is_pythons else _like(function, bound)
        except Exception:
            pass  # somebody's odd class; the thread starts all the same
        return original(function, *args, **kwargs)

    start._rdev_carries = True
    return start


def _like(function, bound):
    """For gevent, eventlet and debuggers, which start threads in ways of their own and look
    at what is to run: here is its module, and the thread that it is a method of."""
    inner = bound(function)

    @functools.wraps(function)
    def outer(*args, **kwargs):
        return inner(*args, **kwargs)

    if hasattr(function, "__self__"):
        outer.__self__ = function.__self__
    return outer


def _is_shared(function):
    thread = getattr(function, "__self__", None)
    target = getattr(thread, "_target", None)
    homes = type(thread).__module__, getattr(target, "__module__", None)
    return any(home in _SHARED for home in homes)


def _carry_into_items(item, bound):
    """What `submit` of a ThreadPoolExecutor makes, and its threads run."""
    make, run = item.__init__, item.run

    @functools.wraps(make)
    def __init__(self, *args, **kwargs):
        make(self, *args, **kwargs)
        self._rdev_run = bound(run)

    @functools.wraps(run)
    def run_bound(self, *args, **kwargs):
        # Not kept on the stack, where an exception that the future holds would lead back
        # to it.
        held = [self]
        del self
        return vars(held[0]).pop("_rdev_run", run)(held.pop(), *args, **kwargs)

    item.__init__, item.run, item._rdev_carries = __init__, run_bound, True


def _carry_into_tasks(pool, bound):
    """What the methods of a `multiprocessing.pool.ThreadPool` hand to its threads."""
    apply_async, tasks = pool.apply_async, pool._guarded_task_generation

    @functools.wraps(apply_async)
    def apply_bound(self, func, *args, **kwargs):
        return apply_async(self, bound(func), *args, **kwargs)

    @functools.wraps(tasks)
    def bound_tasks(self, result_job, func, iterable):
        return tasks(self, result_job, bound(func), iterable)

    pool.apply_async, pool._guarded_task_generation = apply_bound, bound_tasks
    pool._rdev_carries = True
