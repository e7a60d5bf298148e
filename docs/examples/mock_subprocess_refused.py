import subprocess

import hermetic
from hermetic import HermeticTestCase


def update():  # the code under test
    subprocess.run(["git", "fetch"], check=True)
    subprocess.run(["git", "merge", "origin/main"], check=True)


class UpdateTest(HermeticTestCase):
    def test_merges_the_main_branch(self):
        self.subprocess.mock_run(["git", "fetch"])
        self.subprocess.mock_run(["git", "merge", "origin/master"])
        update()

    def test_has_no_tags_to_fetch(self):
        self.subprocess.mock_run(["git", "fetch"])
        self.subprocess.mock_run(["git", "merge", ...])
        self.subprocess.mock_run(["git", "fetch", "--tags"])
        update()


if __name__ == "__main__":
    hermetic.main()
