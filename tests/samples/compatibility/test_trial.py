from twisted.internet import defer, reactor, threads
from twisted.trial import unittest

from hermetic import HermeticTestCase, small
from scenarios import Scenarios, swallow, with_marks


class MarkedMethodsTest(with_marks(small, Scenarios), unittest.TestCase):
    pass


@small
class MarkedClassTest(Scenarios, unittest.TestCase):
    def test_swallowed_in_reactor(self):
        finished = defer.Deferred()

        def work():
            swallow()
            finished.callback(None)

        reactor.callLater(0, work)
        return finished

    def test_swallowed_in_reactor_thread(self):
        return threads.deferToThread(swallow)

    async def test_swallowed_in_coroutine(self):
        swallow()

    def test_swallowed_in_todo(self):
        swallow()
        self.fail("as expected")

    test_swallowed_in_todo.todo = "trial's expected failure"


class HermeticCaseTest(Scenarios, HermeticTestCase, unittest.TestCase):
    pass


@small
class SynchronousTest(Scenarios, unittest.SynchronousTestCase):
    pass
