"""Runs hermetic as ``python -m hermetic``."""

import os
import sys

if sys.argv[0].endswith("__main__.py"):
    # Like unittest, so that help and messages show the real command.
    sys.argv[0] = os.path.basename(sys.executable) + " -m hermetic"

__unittest = True

from ._program.cli import main

main()
