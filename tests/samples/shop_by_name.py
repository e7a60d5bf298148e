"""Code under test that starts processes and uses the network, by names that it has imported."""

from __future__ import annotations

import subprocess
from multiprocessing import Process
from socket import create_connection, gethostbyname
from subprocess import Popen, check_output, run
from urllib.request import urlopen


def run_by_name():
    return run(["true"], check=True)


def check_output_by_name():
    return check_output(["true"])


def popen_by_name():
    return Popen(["true"])


def process_by_name():
    process = Process(target=int)
    process.start()
    return process


def connect_by_name():
    return create_connection(("127.0.0.1", 9), 1)


def look_up_by_name():
    return gethostbyname("db.invalid")


def urlopen_by_name():
    return urlopen("http://127.0.0.1:9/")


def run_by_module_where_the_name_is_there_too():
    return subprocess.run(["true"], check=True)
