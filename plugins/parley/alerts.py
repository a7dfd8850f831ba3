"""What an alert says, as an e-mail."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from parley import settings
from parley.mail import Mail

RED, AMBER, GREEN = "#c62f2f", "#d08a00", "#2c8a4b"

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Failure:
    """A task that failed: what it is, the first lines of its error, and where its log is."""

    what: str
    error: str
    url: str


@dataclass(frozen=True)
class Alert:
    """What a mail says.

    Attributes:
        text: sentences, one a paragraph.
        more_failures: how many tasks failed beside those in `failures`.
        waiting: the loads that no run has finished.
        links: pairs of a label and a URL.
    """

    title: str
    colour: str
    text: list[str]
    failures: list[Failure] = field(default_factory=list)
    more_failures: int = 0
    waiting: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)

    def mail(self) -> Mail:
        """The alert as plain text and as HTML."""
        text, html = (TEMPLATES.get_template(f"alert.{kind}").render(alert=self) for kind in ("txt", "html"))
        return Mail(f"[parley {settings.deploy_env()}] {self.title}", text, html)
