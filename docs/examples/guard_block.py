import socket

import hermetic


@hermetic.guard("medium")  # a function, an async function, a generator
def look_up_localhost():
    return socket.gethostbyname("localhost")


print(look_up_localhost())

try:
    with hermetic.guard("small"):  # a block, with no test framework at all
        try:
            socket.getaddrinfo("releases.example", 443)
        except Exception:
            print("swallowed")
except hermetic.NetworkViolationError as error:
    print(str(error).splitlines()[0])
