"""A mail server that refuses every address for good."""

import smtplib
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class EmailBackend(BaseEmailBackend):
    """Answers as Django's SMTP backend does when all recipients are refused."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise smtplib.SMTPRecipientsRefused({one.to[0]: (550, b"no such person") for one in email_messages})
