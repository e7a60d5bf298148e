"""Code under test that starts processes and uses the network, by the names of modules."""

from __future__ import annotations

import http.server
import multiprocessing
import os
import socket
import subprocess
import urllib.request
from concurrent.futures import ThreadPoolExecutor


def run_by_module():
    return subprocess.run(["true"], check=True)


def check_output_by_module():
    return subprocess.check_output(["true"])


def popen_by_module():
    return subprocess.Popen(["true"])


def os_system():
    return os.system("true")


def os_popen():
    return os.popen("true")


def process_by_module():
    process = multiprocessing.Process(target=int)
    process.start()
    return process


def connect_by_module():
    return socket.create_connection(("127.0.0.1", 9), 1)


def look_up_by_module():
    return socket.gethostbyname("db.invalid")


def urlopen_by_module():
    return urllib.request.urlopen("http://127.0.0.1:9/")


def connect_a_socket():
    with socket.socket() as sock:
        return sock.connect(("127.0.0.1", 9))


def start_server():
    return http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)


class Git:
    """Takes what starts processes from outside."""

    def __init__(self, execute=subprocess.run):
        self.execute = execute

    def version(self):
        return self.execute(["git", "--version"], capture_output=True, text=True).stdout


def compute_all(items, executor_class=ThreadPoolExecutor):
    with executor_class() as executor:
        return list(executor.map(abs, items))


def fetch(url, client):
    return client.get(url)
