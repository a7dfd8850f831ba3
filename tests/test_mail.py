"""The mail server: encrypted, with a login, and what of it is never said."""

from __future__ import annotations

import logging
import ssl
import subprocess
from pathlib import Path

import pytest

from parley.errors import ConfigurationError
from parley.mail import Mail, MailSettings, send
from tests.mail_server import body, mail_server

MAIL = Mail("Grüße", "plain", "<p>html</p>")


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server on this machine, which this machine trusts."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_it_is_encrypted_and_logged_in_to_and_the_password_is_in_no_log(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with mail_server(certificate) as mailbox, caplog.at_level(logging.DEBUG):
        for name, value in {
            "ALERT_EMAIL_TO": "ops@example.com",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(mailbox.port),
            "SMTP_USER": "parley",
            "SMTP_PASSWORD": "hunter2hunter2",
        }.items():
            monkeypatch.setenv(name, value)
        assert send(MAIL)
        assert mailbox.logins == [("parley", "hunter2hunter2")]
        [mail] = mailbox.mails
        assert (mail["Subject"], mail["From"]) == ("Grüße", "ops@example.com")
        assert (body(mail, "plain"), body(mail, "html")) == ("plain", "<p>html</p>")
        monkeypatch.delenv("SSL_CERT_FILE")
        assert not send(MAIL), "a server that cannot prove who it is gets no password"
        assert len(mailbox.logins) == 1
    assert "hunter2" not in caplog.text
    assert "hunter2" not in repr(MailSettings.from_env())


def test_without_a_host_the_server_is_airflows_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAIL_TO", "ops@example.com")
    with mail_server() as mailbox:
        extra = "disable_tls=true&disable_ssl=true"
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", f"smtp://127.0.0.1:{mailbox.port}/?{extra}")
        assert send(MAIL)
        assert len(mailbox.mails) == 1


def test_nobody_gets_mail_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALERT_EMAIL_TO", "")
    assert not send(MAIL)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SMTP_PORT", "smtp", "SMTP_PORT is 'smtp'. Set it to a number"),
        ("SMTP_STARTTLS", "yes", "SMTP_STARTTLS is 'yes'. Set it to true or false"),
        ("ALERT_EMAIL_TO", "ops", "ALERT_EMAIL_TO has 'ops', which is no address"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MailSettings.from_env({name: value})
