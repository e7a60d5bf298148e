import unittest

from shop import rates


class PriceTest(unittest.TestCase):
    def test_price_in_dollars(self):
        self.assertEqual(rates.price(10, "USD"), 10.8)
