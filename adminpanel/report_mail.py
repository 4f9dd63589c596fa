"""Reports by e-mail."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from adminpanel.models import ReportJob
from adminpanel.report_terms import Terms

MOST_BYTES = 5_000_000
"""What mail servers take on the whole; a larger file is fetched over a link."""


def send_report(job: ReportJob, terms: Terms, recipients: list[str], data: bytes) -> None:
    """One e-mail to all of them, the file with it unless it is too large. Raises what the mail server raises."""
    attached = len(data) <= MOST_BYTES
    context = {"job": job, "terms": terms, "attached": attached, "site_url": settings.SITE_URL}
    message = EmailMessage(
        subject=" ".join((_("Report: %(title)s") % {"title": terms.title}).split()),
        body=render_to_string("adminpanel/email/report.txt", context),
        to=recipients,
    )
    if attached:
        message.attach(job.file_name, data, "application/pdf" if job.form == "pdf" else "text/csv")
    message.send()
