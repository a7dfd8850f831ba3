"""A mail server for the tests, which keeps what it gets."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from parley import services


@dataclass
class Mailbox:
    """The mails that a server got.

    Attributes:
        logins: the user and the password of each login.
        refuse: answer every mail with an error.
    """

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuse: bool = False
    tls: ssl.SSLContext | None = None
    controller: Controller | None = None

    def start(self) -> None:
        """Listen; with TLS, for those who use STARTTLS and log in."""
        secured: dict[str, Any] = {"require_starttls": True, "auth_required": True} if self.tls else {}
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            authenticator=self.authenticate,
            tls_context=self.tls,
            **secured,
        )
        self.controller.start()

    def stop(self) -> None:
        assert self.controller
        self.controller.stop()

    @contextmanager
    def down(self) -> Iterator[None]:
        """For a while, nobody listens."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuse:
            return "451 Try again later"
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.mails.append(message)
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=True)

    def wait_for(self, count: int, seconds: float = 90) -> list[EmailMessage]:
        """The mails, once there are that many."""
        deadline = time.monotonic() + seconds
        while len(self.mails) < count:
            assert time.monotonic() < deadline, f"{len(self.mails)} mails of {count} came in {seconds:.0f} s"
            time.sleep(0.2)
        return self.mails

    def no_more_than(self, count: int, seconds: float = 3) -> None:
        """Wait a moment, and see that no more mails came."""
        time.sleep(seconds)
        assert [mail["Subject"] for mail in self.mails[count:]] == []


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A server on this machine; with TLS it wants STARTTLS and a login."""
    mailbox = Mailbox(services.free_port(), tls=tls)
    mailbox.start()
    try:
        yield mailbox
    finally:
        mailbox.stop()


def body(mail: EmailMessage, kind: str) -> str:
    """The `plain` or the `html` text of a mail."""
    part = mail.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content())
