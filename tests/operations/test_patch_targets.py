"""What ``mock.patch`` is told to replace is what the caller calls."""

from __future__ import annotations

import os

import hermetic
import support


@support.posix_only("fork, which some of the calls use")
@hermetic.medium
class ProposalsTest(hermetic.HermeticTestCase):
    def test_each_proposal_removes_the_violation_of_each_style_of_calls(self):
        env = {"HERMETIC_FORBID": "filesystem,database,sleep"}
        done = support.run_python("-m", "samples.follow_messages", cwd=os.path.join(support.ROOT, "tests"), env=env)
        self.assertRegex(done.stderr, r"\A\d+ styles\n\Z")
        self.assertGreater(int(done.stderr.split()[0]), 70)
