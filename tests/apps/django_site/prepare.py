"""Makes db.sqlite3: migrated, with one superuser (admin / secret) and two notes."""

import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from notes.models import Note  # noqa: E402

call_command("migrate", verbosity=0)
User.objects.create_superuser("admin", "admin@site.test", "secret")
Note.objects.create(title="First", text="one")
Note.objects.create(title="Zweite", text="grüße")
