"""Settings of a project without database, users or admin."""

SECRET_KEY = "an example has no secrets"
# Exceptions are answered by Django's own page.
DEBUG = True
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS = ["planets"]
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
]
ROOT_URLCONF = "planets.urls"
WSGI_APPLICATION = "planets.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            # Named, since the default keeps each template once it has been read; this
            # way an edited one shows up with the next request.
            "loaders": ["django.template.loaders.app_directories.Loader"],
            "context_processors": ["django.template.context_processors.request"],
        },
    }
]
