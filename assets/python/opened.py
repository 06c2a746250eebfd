"""Tells a template from any other file that is opened while the application answers.

Called from within the audit event of opening a file, so it must not open one itself.
"""

import os
import sys

# Modules that load templates; catalogues of translations are loaded much like them.
_LOADERS = (
    "jinja2.loaders",
    "django.template.loaders.",
    "mako.lookup",
    "mako.template",
    "chameleon.",
    "gettext",
)
# How many frames may lie between a loader and the opening of its file.
_DEPTH = 16

# Taken now, since the application may replace them.
_frame_at = sys._getframe
_abspath = os.path.abspath


def template(path):
    """The template at a path with all files that would have been taken in its place, had
    they been there; None for what no loader opens."""
    frame = _frame_at(1)
    for _ in range(_DEPTH):
        if frame is None:
            return None
        name = frame.f_globals.get("__name__")
        if isinstance(name, str) and name.startswith(_LOADERS):
            return _preferred(frame, path) + [path]
        frame = frame.f_back
    return None


def _preferred(frame, path):
    """Paths that the loaders have looked at before, without opening anything."""
    found, path = [], _abspath(path)
    try:
        for _ in range(_DEPTH):
            if frame is None:
                break
            for folder, name in _lookups(frame):
                place = _abspath("%s/%s" % (folder, name.lstrip("/")))
                if place == path:
                    break
                found.append(place)
            frame = frame.f_back
    except Exception:
        pass  # other versions of these libraries have other parts
    return found


def _lookups(frame):
    """The folders that the function of a frame goes through, and the name it looks for."""
    module = frame.f_globals.get("__name__")
    function = frame.f_code.co_name
    here = frame.f_locals
    owner = here.get("self")
    if module == "jinja2.loaders" and function in ("get_source", "load"):
        name = here.get("template", here.get("name"))
        loaders = getattr(owner, "loaders", None) or [owner]
    elif module == "flask.templating" and function.startswith("_get_source"):
        name = here["template"]
        loaders = [loader for _, loader in owner._iter_loaders(name)]
    elif module == "mako.lookup" and function == "get_template":
        return [(folder, here["uri"]) for folder in owner.directories]
    elif module == "chameleon.template" and function == "read":
        return _chameleon(owner)
    else:
        return []
    folders = [folder for loader in loaders for folder in getattr(loader, "searchpath", ())]
    return [(folder, name) for folder in folders]


def _chameleon(template):
    """It reads a template later than it finds it, when only the path is left of the name.
    The first folder of the search path is the template's own."""
    folders = template._loader.func.__self__.search_path[1:]
    for folder in map(_abspath, folders):
        if template.filename.startswith(folder + "/"):
            name = template.filename[len(folder) :]
            return [(other, name) for other in folders]
    return []
