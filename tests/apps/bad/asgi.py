"""ASGI applications of every kind, which a WSGI server cannot serve."""

import asyncio
import functools
import inspect


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"asgi\n"})


async def configured(settings, scope, receive, send):
    await app(scope, receive, send)


partial = functools.partial(configured, {})


class Application:
    async def __call__(self, scope, receive, send):
        await app(scope, receive, send)


instance = Application()
method = instance.__call__
partial_of_instance = functools.partial(instance)


class Partial:
    __call__ = functools.partial(configured, {})


partial_inside = Partial()


class Method:
    async def configured(self, settings, scope, receive, send):
        await app(scope, receive, send)

    __call__ = functools.partialmethod(configured, {})


partial_method = Method()


def mark(function):
    """As inspect.markcoroutinefunction since Python 3.12, and as asgiref before."""
    if hasattr(inspect, "markcoroutinefunction"):
        return inspect.markcoroutinefunction(function)
    function._is_coroutine = asyncio.coroutines._is_coroutine
    return function


@mark
def marked(scope, receive, send):
    return app(scope, receive, send)


class Plain:
    def __call__(self, scope, receive, send):
        return app(scope, receive, send)


marked_instance = mark(Plain())
