# SPDX-License-Identifier: EUPL-1.2
"""A TCP proxy in a thread, for tests: counts bytes, cuts, stalls.

    with Proxy(broker.port) as proxy:   # connect to proxy.port
        proxy.stall(); proxy.go(); proxy.cut(); proxy.freeze(); proxy.cut_after(1000)
        proxy.up, proxy.down            # bytes passed to and from the target
"""
import selectors
import socket
import struct
import threading
import time


class Proxy:
    def __init__(self, target, host="127.0.0.1"):
        self.target = (host, target)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.up = self.down = self.connections = 0
        self._pairs = {}  # socket -> its other side
        self._frozen = set()  # sockets
        self._stalled = self._refusing = False
        self._left = None  # bytes from the target until a cut
        self._slow = None  # bytes at a time, seconds before each
        self._lock = threading.Lock()
        self._poll = selectors.DefaultSelector()
        self._poll.register(self.listener, selectors.EVENT_READ)
        self._wake, self._waker = socket.socketpair()
        self._poll.register(self._wake, selectors.EVENT_READ)
        self._ending = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def cut(self):
        """Ends all connections at once, without a good-bye (RST)."""
        with self._lock:
            self._cut()

    def _cut(self):
        for s in self._pairs:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for s in list(self._pairs):
            self._drop(s)

    def cut_after(self, count):
        """Passes so many bytes more from the target, then cuts: within a packet."""
        with self._lock:
            self._left = count

    def freeze(self):
        """The connections that stand are half-open from now on: nothing passes, nothing is
        closed. New ones are served."""
        with self._lock:
            self._frozen.update(self._pairs)
            for s in self._frozen:
                self._poll.unregister(s)

    def slow(self, size, delay_s):
        """At most so many bytes at a time, each after a delay."""
        self._slow = (size, delay_s)

    def refuse(self, refusing=True):
        """New connections are closed at once."""
        self._refusing = refusing

    def stall(self):
        """Passes nothing on, closes nothing: a half-open connection."""
        self._set_stalled(True)

    def go(self):
        self._set_stalled(False)

    def _set_stalled(self, stalled):
        self._stalled = stalled
        self._waker.send(b"x")

    def close(self):
        self._ending = True
        self._waker.send(b"x")
        self._thread.join()
        with self._lock:
            for s in list(self._pairs):
                self._drop(s)
        self.listener.close()
        self._wake.close()
        self._waker.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _drop(self, s):
        other = self._pairs.pop(s, None)
        if other is not None:
            del self._pairs[other]
            for one in (s, other):
                if one in self._frozen:
                    self._frozen.remove(one)
                else:
                    self._poll.unregister(one)
                one.close()

    def _accept(self):
        client = self.listener.accept()[0]
        if self._refusing:
            client.close()
            return
        try:
            server = socket.create_connection(self.target, 5)
        except OSError:
            client.close()
            return
        self.connections += 1
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pairs[client], self._pairs[server] = server, client
        self._poll.register(client, selectors.EVENT_READ, "up")
        self._poll.register(server, selectors.EVENT_READ, "down")

    def _pass(self, s, way):
        size = 1 << 16
        if self._slow:
            size = self._slow[0]
            time.sleep(self._slow[1])
        try:
            data = s.recv(size)
            if way == "down" and self._left is not None and len(data) >= self._left:
                self._pairs[s].sendall(data[:self._left])
                self._left = None
                self._cut()
                return
            if data:
                self._pairs[s].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(s)
        elif way == "up":
            self.up += len(data)
        else:
            self.down += len(data)
            self._left = self._left and self._left - len(data)

    def _run(self):
        while not self._ending:
            if self._stalled:
                self._wake.recv(64)
                continue
            for key, _ in self._poll.select(0.5):
                with self._lock:
                    self._handle(key)

    def _handle(self, key):
        if key.fileobj is self._wake:
            self._wake.recv(64)
        elif key.fileobj is self.listener:
            self._accept()
        elif key.fileobj in self._pairs:
            self._pass(key.fileobj, key.data)
