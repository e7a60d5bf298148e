"""A change of the namespace of a C type takes effect on the next lookup."""

from __future__ import annotations

import hermetic
import support
from support.plain_python import last_line


class NamespaceTest(hermetic.HermeticTestCase):
    @hermetic.medium
    def test_a_changed_namespace_is_what_the_next_look_up_finds(self):
        found = last_line(f"""if True:
            import _socket, json, socket, sys
            sys.path.insert(0, {support.package_folder()!r})
            from hermetic._stdlib import class_internals
            socks = [socket.socket(), _socket.socket()]
            look_up = lambda: [sock.gettimeout() for sock in socks]
            for _ in range(100):
                look_up()
            class_internals.class_namespace(_socket.socket)["gettimeout"] = lambda sock: "new"
            class_internals.forget_cached_attributes(_socket.socket)
            print(json.dumps([look_up()[0], socks[1].gettimeout(), socket.socket.gettimeout(socks[0])]))
        """)
        self.assertEqual(found, ["new"] * 3)
