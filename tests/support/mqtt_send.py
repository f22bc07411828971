# SPDX-License-Identifier: EUPL-1.2
"""The least MQTT 3.1.1 that publishes: QoS 1, each message acknowledged before the next."""
import socket


class Publisher:
    """One connection. Every fault is an OSError; a new Publisher then begins anew."""

    def __init__(self, host, port, client_id, timeout_s=10):
        self.packet_id = 0
        self.socket = socket.create_connection((host, port), timeout_s)
        # keep alive 0: a publisher that is silent for long is no fault
        self._send(0x10, b"\x00\x04MQTT\x04\x02\x00\x00" + _text(client_id))
        kind, body = self._receive()
        if kind != 0x20 or body[1:] != b"\x00":
            raise OSError(f"the broker refuses the connection ({body.hex()})")

    def publish(self, topic, payload, retain=False):
        """payload: bytes. Returns once the broker has it."""
        self.packet_id = self.packet_id % 65535 + 1
        identity = self.packet_id.to_bytes(2, "big")
        self._send(0x33 if retain else 0x32, _text(topic) + identity + payload)
        while True:
            kind, body = self._receive()
            if kind == 0x40 and body == identity:
                return

    def close(self):
        try:
            self._send(0xE0, b"")
        finally:
            self.socket.close()

    def _send(self, kind, body):
        length, size = bytearray(), len(body)
        while True:
            size, digit = divmod(size, 128)
            length.append(digit | (128 if size else 0))
            if not size:
                break
        self.socket.sendall(bytes([kind]) + bytes(length) + body)

    def _receive(self):
        """Answers to a publisher are short: their length is one byte."""
        head = self._exactly(2)
        if head[1] > 127:
            raise OSError("the broker sends what a publisher does not await")
        return head[0], self._exactly(head[1])

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise OSError("the broker closed the connection")
            data += more
        return data


def _text(text):
    data = text.encode()
    return len(data).to_bytes(2, "big") + data
