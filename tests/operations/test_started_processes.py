"""Processes of multiprocessing are described as the code has them."""

from __future__ import annotations

import concurrent.futures
import functools
import multiprocessing

import hermetic
import support


class Worker(multiprocessing.Process):
    def run(self) -> None:
        pass


def work() -> None:
    pass


class DescriptionTest(hermetic.HermeticTestCase):
    def described(self, start) -> str:
        with self.assertViolation() as caught:
            start()
        return caught.error.violation.operation.target

    def test_what_the_code_has_is_named_and_not_what_is_run_for_it(self):
        for method in multiprocessing.get_all_start_methods():
            context = multiprocessing.get_context(method)
            with self.subTest(method=method):
                process = "multiprocessing.Process"
                self.assertEqual(self.described(context.Process(target=work).start), f"{process}(target=work)")
                self.assertEqual(self.described(context.Process().start), f"{process}()")
                self.assertEqual(self.described(functools.partial(context.Pool, 1)), "multiprocessing.Pool()")
                self.assertEqual(self.described(context.Manager), "multiprocessing.Manager()")

    def test_a_class_of_the_project_is_named_by_its_name(self):
        self.assertEqual(self.described(Worker().start), f"{__name__}.Worker()")

    def test_an_executor_is_named(self):
        with concurrent.futures.ProcessPoolExecutor(1) as executor:
            target = self.described(lambda: executor.submit(work))
        self.assertEqual(target, "concurrent.futures.ProcessPoolExecutor()")


@hermetic.medium
class OnceTest(hermetic.HermeticTestCase):
    def test_a_start_is_one_violation_and_what_the_child_does_is_judged(self):
        code = (
            "import hermetic, multiprocessing, os\n"
            "def work(): os.system('true')\n"
            "if __name__ == '__main__':\n"
            "    for method in multiprocessing.get_all_start_methods():\n"
            "        with hermetic.guard('small'):\n"
            "            process = multiprocessing.get_context(method).Process(target=work)\n"
            "            process.start()\n            process.join()\n"
        )
        with support.Folder(**{"run.py": code}) as folder:
            done = support.run_python("run.py", cwd=folder, env={"HERMETIC_MODE": "warn"})
        methods = len(multiprocessing.get_all_start_methods())
        self.assertEqual(done.stderr.count("started multiprocessing.Process(target=work)"), methods, done.stderr)
        self.assertEqual(done.stderr.count('started "true"'), methods, done.stderr)
        self.assertNotIn("resource_tracker", done.stderr)
