import multiprocessing
import unittest

import hermetic
from hermetic import medium


def double(number):
    return 2 * number


class PoolTest(unittest.TestCase):
    def test_start_method(self):
        print("start method:", multiprocessing.get_start_method(), flush=True)

    @medium  # small tests start no process
    def test_pool(self):
        with multiprocessing.Pool(1) as pool:
            self.assertEqual(pool.map(double, [1, 2]), [2, 4])


if __name__ == "__main__":  # a spawned child imports this file
    hermetic.main()
