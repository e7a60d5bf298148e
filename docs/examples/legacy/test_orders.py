import os
import socket
import unittest


class PriceTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(sum([1, 2]), 3)

    def test_nothing(self):
        self.assertEqual(sum([]), 0)


class OrderTest(unittest.TestCase):
    def test_number(self):
        self.assertEqual(int("7"), 7)

    def test_export(self):
        self.assertEqual(os.system("echo 7 > orders.log"), 0)

    # The shop listens for orders.
    def test_server(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.assertTrue(server.getsockname())


class Test(unittest.TestCase):
    @unittest.skip("the warehouse is closed")
    def test_warehouse(self):
        self.fail()
