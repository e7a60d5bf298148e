"""What Django promises to every test: its environment for tests."""

from __future__ import annotations

import os

from django.conf import settings
from django.core import mail
from django.template.loader import render_to_string
from django.test import SimpleTestCase, override_settings
from hermetic import isolated


class Environment:
    def test_settings_mail_and_templates(self):
        self.assertEqual(os.environ.get("HERMETIC_ISOLATED"), "1")
        self.assertEqual(settings.EMAIL_BACKEND, "django.core.mail.backends.locmem.EmailBackend")
        mail.send_mail("subject", "text", "from@example.com", ["to@example.com"])
        self.assertEqual(len(mail.outbox), 1)
        with self.assertTemplateUsed("hello.html"):
            render_to_string("hello.html")
        self.assertIn("testserver", settings.ALLOWED_HOSTS)


@isolated
class EnvironmentTest(Environment, SimpleTestCase):
    def test_debug(self):
        self.assertFalse(settings.DEBUG)


@override_settings(DEBUG=True)
class OverriddenTest(SimpleTestCase):
    @isolated
    def test_debug(self):
        self.assertTrue(settings.DEBUG)

    def test_in_the_run(self):
        self.assertTrue(settings.DEBUG)
