import unittest

rates = {"EUR": 1.0}


class ConversionTest(unittest.TestCase):
    def test_conversion(self):
        self.assertEqual(2 * rates["EUR"], 2.0)

    def test_rate_of_today(self):
        rates["EUR"] = 1.1  # and nobody sets it back
        self.assertEqual(2 * rates["EUR"], 2.2)

    def test_unknown_currency(self):
        with self.assertRaises(KeyError):
            rates["XYZ"]


class PriceTest(unittest.TestCase):
    def test_price(self):
        self.assertEqual(100 * rates["EUR"], 100.0)
