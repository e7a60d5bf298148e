"""Has doctests: one that holds, and one that does not.

>>> 1 + 1
2
"""


def total(prices):
    """Add up.

    >>> total([1, 2])
    4
    """
    return sum(prices)
