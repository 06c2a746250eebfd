"""Hears of exceptions that the application logs instead of letting them through.

Frameworks catch what a view raises, log it and answer 500 themselves: the server never
sees it otherwise.
"""

import functools
import sys


def watch(note):
    """Has `note` called with each exception that is logged as an error. False where the
    application has not imported `logging` so far.

    Records are made behind the levels and before filters and handlers, so that how logging
    is set up makes no difference. And they are made, not handled: what a handler finds on
    the stack is as it would be otherwise.
    """
    logging = sys.modules.get("logging")
    logger = getattr(logging, "Logger", None)
    original = getattr(logger, "makeRecord", None)
    if original is None:
        return False
    error = logging.ERROR

    @functools.wraps(original)
    def makeRecord(*args, **kwargs):
        record = original(*args, **kwargs)
        try:
            raised = record.exc_info[1] if record.exc_info else None
            if record.levelno >= error and isinstance(raised, BaseException):
                note(raised)
        except Exception:
            pass  # an odd record is its handlers' affair
        return record

    logger.makeRecord = makeRecord
    return True
