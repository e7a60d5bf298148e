"""Code under test that reaches processes, the network, files and sleep in as many ways as people write."""

from __future__ import annotations

import asyncio
import asyncio as aio
import concurrent.futures
import contextlib
import ftplib
import functools
import http.client
import http.server
import imaplib
import logging.handlers
import multiprocessing
import multiprocessing as mp
import os
import os as operating_system
import pathlib
import poplib
import smtplib
import socket
import socketserver
import sqlite3
import subprocess
import subprocess as sp
import time
import time as clock
import urllib.request
import urllib.request as web
import xmlrpc.client
import xmlrpc.server
from asyncio import create_subprocess_exec, open_connection, start_server
from concurrent.futures import ProcessPoolExecutor
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing import Pool, get_context
from os import system as os_system
from pathlib import Path
from smtplib import SMTP
from socket import gethostbyname_ex, socket as Socket
from subprocess import PIPE, check_output as capture
from time import sleep
from urllib import request

HERE = "127.0.0.1", 9
URL = "http://127.0.0.1:9/"
FORK = multiprocessing.get_context("fork")
OPENER = urllib.request.build_opener()
LOGGER = logging.getLogger("samples.call_styles")
LOGGER.propagate = False
LOGGER.addHandler(logging.handlers.DatagramHandler(*HERE))
RUN = subprocess.run
COMMANDS = ("true",)


def work():
    """Do nothing, in a child."""


# --- processes -------------------------------------------------------------------------------------------------


def run_by_alias_of_module():
    sp.run(["true"])


def function_by_alias():
    capture(["true"])


def function_in_a_variable():
    RUN(["true"])


def call_over_several_lines():
    subprocess.run(
        ["true"],
        stdout=PIPE,
        check=False,
    )


def import_in_the_function():
    import subprocess as inner

    inner.call(["true"])


def name_imported_in_the_function():
    from subprocess import check_call

    check_call(["true"])


def nested_function():
    import subprocess as outer

    def inner():
        return outer.getoutput("true")

    inner()


def system_by_name():
    os_system("true")


def system_by_alias():
    operating_system.system("true")


def system_as_a_callback():
    list(map(os.system, COMMANDS))


def spawn():
    os.spawnv(os.P_WAIT, "/bin/true", ["true"])


def posix_spawnp():
    os.posix_spawnp("true", ["true"], {})


def popen_object():
    with subprocess.Popen(["true"], stdout=PIPE) as process:
        process.communicate()


def subprocess_of_asyncio():
    async def main():
        await asyncio.create_subprocess_exec("true")

    asyncio.run(main())


def subprocess_of_asyncio_by_name():
    async def main():
        await create_subprocess_exec("true")

    asyncio.run(main())


def shell_of_asyncio_by_alias():
    async def main():
        await aio.create_subprocess_shell("true")

    aio.run(main())


def process():
    mp.Process(target=work).start()


def process_of_a_context():
    FORK.Process(target=work).start()


def process_of_a_method():
    get_context("spawn").Process(target=work).start()


def pool():
    with multiprocessing.Pool(1) as workers:
        workers.map(abs, [1])


def pool_by_name():
    with Pool(1) as workers:
        workers.map(abs, [1])


def pool_of_a_context():
    FORK.Pool(1)


def executor():
    with concurrent.futures.ProcessPoolExecutor(1) as workers:
        workers.submit(abs, 1).result()


def executor_by_name():
    with ProcessPoolExecutor(1) as workers:
        list(workers.map(abs, [1]))


def manager():
    with multiprocessing.Manager() as shared:
        shared.list()


class Runner:
    """Starts a command by the function that it was given."""

    def __init__(self):
        self.process_class = subprocess.Popen

    def run(self):
        subprocess.check_output(("true",))


def method_of_a_class():
    Runner().run()


# --- clients ---------------------------------------------------------------------------------------------------


def connect():
    with socket.socket() as client:
        client.connect(HERE)


def connect_by_name_of_the_class():
    with Socket() as client:
        client.connect(HERE)


def connect_ex():
    with socket.socket() as client:
        client.connect_ex(HERE)


def send_to():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", HERE)


def create_connection():
    with contextlib.closing(socket.create_connection(HERE)):
        pass


def look_up():
    gethostbyname_ex("db.invalid")


def look_up_by_module():
    socket.getaddrinfo("db.invalid", 80)


def reverse_look_up():
    socket.gethostbyaddr("203.0.113.7")


def url_by_alias():
    web.urlopen(URL)


def url_by_package():
    request.urlopen(URL)


def url_retrieved():
    urllib.request.urlretrieve(URL)


def opener_of_the_module():
    OPENER.open(URL)


def opener_of_the_function():
    urllib.request.build_opener().open(URL)


def http_connection():
    connection = http.client.HTTPConnection(*HERE)
    connection.request("GET", "/")
    connection.getresponse()


def http_connection_by_name():
    connection = HTTPConnection(*HERE)
    connection.request("GET", "/")
    connection.getresponse()


class Client:
    """Keeps a connection."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(*HERE)

    def get(self):
        self.connection.request("GET", "/")


def attribute_of_an_object():
    Client().get()


def mail():
    smtplib.SMTP(*HERE)


def mail_by_name():
    with SMTP(*HERE) as server:
        server.noop()


def mail_box():
    imaplib.IMAP4(*HERE)


def post_office():
    poplib.POP3(*HERE)


def file_transfer():
    ftplib.FTP("127.0.0.1")


def remote_call():
    xmlrpc.client.ServerProxy(URL).add(1, 2)


def logger():
    LOGGER.warning("sold out")


def logger_by_name():
    logging.getLogger("samples.call_styles").error("sold out")


def stream():
    async def main():
        await asyncio.open_connection(*HERE)

    asyncio.run(main())


def stream_by_name():
    async def main():
        await open_connection(*HERE)

    asyncio.run(main())


def stream_run_directly():
    asyncio.run(asyncio.open_connection(*HERE))


def connection_of_a_loop():
    async def main():
        loop = asyncio.get_running_loop()
        await loop.create_connection(asyncio.Protocol, *HERE)

    asyncio.run(main())


def partial_function():
    functools.partial(socket.create_connection, HERE)()


def decorated_by_a_context():
    with contextlib.ExitStack() as stack:
        stack.enter_context(urllib.request.urlopen(URL))


# --- servers ---------------------------------------------------------------------------------------------------


def server():
    socket.create_server(("127.0.0.1", 0))


def listening_socket():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        own.listen()


def http_server():
    HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)


def http_server_of_threads():
    with http.server.ThreadingHTTPServer(("localhost", 0), BaseHTTPRequestHandler):
        pass


def server_of_a_subclass():
    Server(("127.0.0.1", 0), socketserver.BaseRequestHandler)


class Server(socketserver.ThreadingTCPServer):
    """A server of the project's own."""


def remote_calls_served():
    xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0))


def stream_server():
    async def main():
        await start_server(print, "127.0.0.1", 0)

    asyncio.run(main())


# --- files, databases and sleep --------------------------------------------------------------------------------


def read():
    with open("prices.csv") as file:
        file.read()


def read_a_path():
    Path("prices.csv").read_text()


def read_a_path_by_module():
    path = pathlib.Path("prices.csv")
    path.open()


def listed():
    os.listdir("data")


def removed():
    os.unlink("prices.csv")


def made():
    os.makedirs("data/new")


def renamed():
    os.replace("prices.csv", "old.csv")


def database():
    sqlite3.connect("shop.db")


def slept():
    time.sleep(0.01)


def slept_by_alias():
    clock.sleep(0.01)


def slept_by_name():
    sleep(0.01)


def slept_in_asyncio():
    async def main():
        await asyncio.sleep(0.01)

    asyncio.run(main())
