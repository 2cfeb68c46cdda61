"""A real SMTP server (aiosmtpd) that keeps what it is sent; it can refuse addresses and be away."""

import contextlib
import email
import email.policy
import socket
import threading
import time

from aiosmtpd.controller import Controller


class Mailbox:
    def __init__(self, refused=()):
        self.refused = set(refused)
        self.messages = []
        self.lock = threading.Lock()
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.controller = None

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()
        return self

    def stop(self):
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    # ---- aiosmtpd's hooks ----

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        with self.lock:
            self.messages.append((envelope.rcpt_tos[0], message))
        return "250 taken"

    # ---- For tests ----

    def to(self, address):
        with self.lock:
            return [message for recipient, message in self.messages if recipient == address]

    def wait(self, address, count=1, seconds=30):
        end = time.monotonic() + seconds
        while len(self.to(address)) < count:
            assert time.monotonic() < end, f"{count} messages to {address}; there are {len(self.to(address))}"
            time.sleep(0.05)
        return self.to(address)
