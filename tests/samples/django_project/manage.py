"""Django's commands for the project."""

from __future__ import annotations

import multiprocessing
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    multiprocessing.set_start_method(os.environ.get("PROJECT_START_METHOD", "fork"))
    execute_from_command_line(sys.argv)
