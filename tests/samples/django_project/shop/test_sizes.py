"""Tests with and without sizes, some of which do what a small test may not."""

from __future__ import annotations

import socket
import subprocess
import urllib.request

from django.test import LiveServerTestCase, SimpleTestCase, TestCase
from hermetic import small

from shop.models import Item, item_names


def swallow():
    try:
        subprocess.run(["true"])
    except Exception:
        pass


class UnmarkedTest(SimpleTestCase):
    def test_process(self):
        swallow()

    def test_clean(self):
        pass


@small
class SmallTest(TestCase):
    def test_query_and_process(self):
        self.assertEqual(item_names(), ["seed"])
        Item.objects.create(name="created by the failing test")
        swallow()
        self.fail("a failure of its own")

    def test_allowed(self):
        socket.socketpair()[0].close()


class ServerTest(LiveServerTestCase):
    def test_server(self):
        self.assertEqual(urllib.request.urlopen(self.live_server_url).status, 200)


class LastTest(LiveServerTestCase):
    @small
    def test_server(self):
        urllib.request.urlopen(self.live_server_url)
