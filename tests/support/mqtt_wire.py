# SPDX-License-Identifier: EUPL-1.2
"""MQTT 3.1.1 and 5 by hand on a socket, for tests: every acknowledgement is recorded, and
nothing is sent that the test did not ask for.

    with Publisher(port) as p:
        p.publish("a/b", b"1")            # waits for the PUBACK
        p.publish_many(messages, 500)     # window of 500; p.acked counts
    with Subscriber(port, "id", clean=False) as s:
        s.subscribe("a/#"); s.read(); s.ack(message)
"""
import collections
import select
import socket
import struct
import time

Message = collections.namedtuple("Message", "topic payload qos packet_id dup retained")


class Closed(Exception):
    """The other side closed the connection."""


def encode_length(length):
    out = bytearray()
    while True:
        byte, length = length & 127, length >> 7
        out.append(byte | (128 if length else 0))
        if not length:
            return bytes(out)


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def packet(first, body):
    return bytes([first]) + encode_length(len(body)) + body


def publish_packet(topic, payload, qos=1, packet_id=1, dup=False, retained=False,
                   version=4):
    first = 0x30 | dup << 3 | qos << 1 | retained
    body = text(topic) + (struct.pack(">H", packet_id) if qos else b"")
    return packet(first, body + (b"\0" if version == 5 else b"") + payload)


def decode_length(data, at):
    """(value, offset behind it), or None if it is not whole."""
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at
    return None


class Wire:
    """A connection: packets in and out. sock: given, or made by host and port."""

    def __init__(self, port=None, host="127.0.0.1", version=4, tls=None, sock=None,
                 timeout=20):
        self.version = version
        self.timeout = timeout
        self.data = bytearray()
        self.sock = sock or socket.create_connection((host, port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")

    def send(self, data):
        self.sock.sendall(data)

    def receive(self, timeout=None):
        """(first byte, body) of the next packet; None if there is none in time."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            found = self._take()
            if found:
                return found
            left = end - time.monotonic()
            pending = getattr(self.sock, "pending", lambda: 0)()
            if not pending and not select.select([self.sock], [], [], max(left, 0))[0]:
                return None
            got = self.sock.recv(1 << 16)
            if not got:
                raise Closed()
            self.data += got

    def _take(self):
        found = decode_length(self.data, 1) if len(self.data) > 1 else None
        if not found or len(self.data) < found[0] + found[1]:
            return None
        length, start = found
        out = self.data[0], bytes(self.data[start:start + length])
        del self.data[:start + length]
        return out

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Client(Wire):
    """Connected on return; self.present says whether the session was."""

    def __init__(self, port, client_id="", clean=True, user=None, password=None,
                 keepalive=0, **others):
        super().__init__(port, **others)
        flags = (2 if clean else 0) | (0x80 if user else 0) | (0x40 if password else 0)
        body = text("MQTT") + bytes([self.version, flags]) + struct.pack(">H", keepalive)
        if self.version == 5:
            body += b"\0" if clean else b"\x05\x11\xff\xff\xff\xff"
        body += text(client_id)
        for part in (user, password):
            body += text(part) if part else b""
        self.send(packet(0x10, body))
        answer = self.receive()
        if not answer or answer[0] != 0x20 or answer[1][1] != 0:
            raise ConnectionRefusedError(f"CONNACK {answer}")
        self.present = bool(answer[1][0] & 1)

    def leave(self):
        self.send(packet(0xE0, b""))
        self.close()


class Publisher(Client):
    """acked: set of packet numbers (not ids) that have a PUBACK."""

    def __init__(self, port, **others):
        super().__init__(port, **others)
        self.next_id = 0
        self.acked = set()
        self.waiting = {}  # packet id -> number
        self.count = 0

    def start(self, topic, payload, qos=1, retained=False, dup=False):
        """Sends one; returns its number."""
        number, self.count = self.count, self.count + 1
        if qos:
            self.next_id = self.next_id % 65535 + 1
            self.waiting[self.next_id] = number
        self.send(publish_packet(topic, payload, qos, self.next_id, dup, retained,
                                 self.version))
        return number

    def collect(self, timeout):
        """Takes one PUBACK, if it comes in time."""
        got = self.receive(timeout)
        if got and got[0] == 0x40:
            self.acked.add(self.waiting.pop(struct.unpack(">H", got[1][:2])[0]))
        return got is not None

    def publish(self, topic, payload, qos=1, retained=False):
        number = self.start(topic, payload, qos, retained)
        while qos and number not in self.acked:
            if not self.collect(self.timeout):
                raise TimeoutError("no PUBACK")
        return number

    def publish_many(self, messages, window=500, rate=None):
        """messages: (topic, payload). Returns when all have their PUBACK."""
        begin = time.monotonic()
        for sent, (topic, payload) in enumerate(messages):
            while len(self.waiting) >= window:
                self.collect(self.timeout)
            while rate and sent > (time.monotonic() - begin) * rate:
                self.collect(0.001)
            self.start(topic, payload)
        while self.waiting:
            if not self.collect(self.timeout):
                raise TimeoutError(f"{len(self.waiting)} PUBACKs missing")


class Subscriber(Client):
    def subscribe(self, topic, qos=1):
        """Returns the code of the SUBACK."""
        body = struct.pack(">H", 1) + (b"\0" if self.version == 5 else b"")
        self.send(packet(0x82, body + text(topic) + bytes([qos])))
        while True:
            got = self.receive()
            if got is None:
                raise TimeoutError("no SUBACK")
            if got[0] == 0x90:
                return got[1][-1]

    def read(self, timeout=None):
        """The next Message, or None. It is not acknowledged."""
        while True:
            got = self.receive(timeout)
            if got is None:
                return None
            if got[0] & 0xF0 == 0x30:
                return parse_publish(*got, self.version)

    def ack(self, message):
        self.send(packet(0x40, struct.pack(">H", message.packet_id)))


def parse_publish(first, body, version):
    length = struct.unpack(">H", body[:2])[0]
    at = 2 + length
    qos = first >> 1 & 3
    packet_id = struct.unpack(">H", body[at:at + 2])[0] if qos else 0
    at += 2 if qos else 0
    if version == 5:
        properties, at = decode_length(body, at)
        at += properties
    return Message(body[2:2 + length].decode(), body[at:], qos, packet_id,
                   bool(first & 8), bool(first & 1))


class Server:
    """The broker's side of one listener, for tests that must say when what is sent.
    accept() gives a Wire whose CONNECT has been read and answered."""

    def __init__(self, version=4):
        self.version = version
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.port = self.listener.getsockname()[1]

    def accept(self, present=False, code=0, behind=b""):
        """behind: sent in one piece with the CONNACK."""
        wire = Wire(sock=self.listener.accept()[0], version=self.version)
        first = wire.receive()
        if first is None or first[0] != 0x10:
            raise RuntimeError(f"no CONNECT: {first}")
        wire.connect = first[1]
        wire.send(packet(0x20, bytes([present, code]) +
                         (b"\0" if self.version == 5 else b"")) + behind)
        return wire

    def accept_subscription(self, wire, code=1):
        got = wire.receive()
        if got is None or got[0] != 0x82:
            raise RuntimeError(f"no SUBSCRIBE: {got}")
        wire.send(packet(0x90, got[1][:2] + (b"\0" if self.version == 5 else b"") +
                         bytes([code])))

    def answer_unsubscription(self, wire, code):
        got = wire.receive()
        if got is None or got[0] != 0xA2:
            raise RuntimeError(f"no UNSUBSCRIBE: {got}")
        wire.send(packet(0xB0, got[1][:2] + b"\0" + bytes([code])))

    def close(self):
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
