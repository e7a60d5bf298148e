"""``python -m hermetic``."""

import os
import sys

if sys.argv[0].endswith("__main__.py"):
    # As unittest does it, so that help and messages show how we are really called.
    sys.argv[0] = os.path.basename(sys.executable) + " -m hermetic"

__unittest = True

from ._program.cli import main

main()
