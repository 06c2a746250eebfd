"""Our planets in Django: a page from a template, a search, JSON, a form behind CSRF.

    rdev planets.wsgi --app-dir examples/django_site --reload

It takes an environment with Django: `pip install django`. In the project's own folder,
where manage.py is, `rdev planets.wsgi --reload` does the same. Then open
http://127.0.0.1:8888/ or try these:

    curl "http://127.0.0.1:8888/?search=ur"
    curl http://127.0.0.1:8888/planets/mars.json
    curl http://127.0.0.1:8888/planets/pluto.json

The last one is not found. Edit views.py, save, and ask again.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "planets.settings")
application = get_wsgi_application()
