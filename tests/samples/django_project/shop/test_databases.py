"""Tests of every kind that use databases, isolated and not: each finds what Django promises it."""

from __future__ import annotations

import os
import urllib.request

from django.db import connection, connections, transaction
from django.test import LiveServerTestCase, TestCase, TransactionTestCase
from hermetic import isolated, medium

from shop.models import Item, item_names


def is_isolated():
    return os.environ.get("HERMETIC_ISOLATED") == "1"


class PlainTest(TestCase):
    def test_1(self):
        self.assertFalse(is_isolated())
        self.assertEqual(item_names(), ["seed"])
        Item.objects.create(name="plain")

    def test_2(self):
        self.assertEqual(item_names(), ["seed"])


class MixedTest(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.item = Item.objects.create(name="data")  # unique: in one database, a second one would have to wait

    def test_1(self):
        Item.objects.create(name="in the run")

    @isolated
    def test_2(self):
        self.assertTrue(is_isolated())
        self.assertEqual(item_names(), ["data", "seed"])
        self.item.delete()

    def test_3(self):
        self.assertEqual(item_names(), ["data", "seed"])

    @isolated("group")
    def test_4(self):
        Item.objects.create(name="in the group")

    @isolated("group")
    def test_5(self):
        self.assertEqual(item_names(), ["data", "seed"])


@isolated
class WholeTest(TestCase):
    fixtures = ["items.json"]
    databases = {"default", "other"}

    @classmethod
    def setUpTestData(cls):
        cls.item = Item.objects.using("other").create(name="data")

    def test_1(self):
        self.assertEqual(item_names(), ["from a fixture", "seed"])
        self.assertEqual(item_names("other"), ["data", "from a fixture", "seed"])
        self.item.delete(using="other")

    def test_2(self):
        self.assertEqual(item_names("other"), ["data", "from a fixture", "seed"])

    async def test_3(self):
        self.assertEqual(await Item.objects.acount(), 2)


class FlushingTest(TransactionTestCase):
    databases = {"default", *({"replica"} & {*connections})}

    def test_1(self):
        Item.objects.create(name="in the run")

    @isolated
    def test_2(self):
        self.assertEqual(item_names(), ["seed"])  # although the test before it has flushed the run's database
        with transaction.atomic():
            Item.objects.create(name="committed")
        for alias in self.databases:
            self.assertEqual(item_names(alias), ["committed", "seed"])

    @isolated
    def test_3(self):
        self.assertEqual(item_names(), ["seed"])
        names = {str(connection.settings_dict["NAME"])}
        self.assertFalse(names & {"one", "one.sqlite3", "test_one", "test_one.sqlite3"})


class RestoredTest(TransactionTestCase):
    serialized_rollback = True

    @isolated
    def test_1(self):
        self.assertEqual(item_names(), ["seed"])

    @isolated("restored")
    def test_2(self):
        Item.objects.all().delete()

    @isolated("restored")
    def test_3(self):
        self.assertEqual(item_names(), ["seed"])


@medium
class ServerTest(LiveServerTestCase):
    @isolated
    def test_1(self):
        Item.objects.create(name="for the server")
        self.assertIn(b"for the server", urllib.request.urlopen(self.live_server_url).read())

    def test_2(self):
        self.assertEqual(urllib.request.urlopen(self.live_server_url).status, 200)


class CrashTest(TestCase):
    @isolated
    def test_1_crashes(self):
        Item.objects.create(name="of a dead worker")
        os.abort()

    @isolated
    def test_2(self):
        self.assertEqual(item_names(), ["seed"])


class FlushingCrashTest(TransactionTestCase):
    @isolated
    def test_1_crashes(self):
        Item.objects.create(name="of a dead worker")
        os.abort()

    @isolated("after a crash")
    def test_2_crashes(self):
        Item.objects.create(name="of a dead worker")
        os.abort()

    @isolated("after a crash")
    def test_3(self):
        self.assertNotIn("of a dead worker", item_names())
