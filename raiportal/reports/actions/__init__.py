"""Every change of reports: making them, sending them and what recipients do, and their PDFs."""

from raiportal.reports.actions.making import make_report
from raiportal.reports.actions.pdfs import make_pdf, make_waiting_pdfs, try_pdf_again
from raiportal.reports.actions.reading import acknowledge, note_opened
from raiportal.reports.actions.sending import remind, send_report, take_back

__all__ = ["acknowledge", "make_pdf", "make_report", "make_waiting_pdfs", "note_opened", "remind", "send_report", "take_back", "try_pdf_again"]
