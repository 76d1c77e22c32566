"""The addresses of pages about reports."""

from __future__ import annotations

from django.urls import path, re_path

from raiportal.reports.views import reports, sharing

urlpatterns = [
    path("reports/", reports.report_list, name="report-list"),
    re_path(r"^reports/reports\.(?P<format>csv|json)$", reports.report_export, name="report-export"),
    path("reports/make/<str:kind>/<int:subject_id>/", sharing.report_make, name="report-make"),
    path("reports/<int:report_id>/", reports.report, name="report"),
    re_path(r"^reports/(?P<report_id>[0-9]+)/report\.(?P<format>pdf|csv|json)$", reports.report_file, name="report-file"),
    path("reports/<int:report_id>/pdf/", reports.report_pdf, name="report-pdf"),
    path("reports/<int:report_id>/pdf/again/", reports.report_pdf_again, name="report-pdf-again"),
    path("reports/<int:report_id>/compare/", reports.report_compare, name="report-compare"),
    path("reports/<int:report_id>/acknowledge/", reports.report_acknowledge, name="report-acknowledge"),
    path("reports/<int:report_id>/send/", sharing.report_send, name="report-send"),
    path("reports/<int:report_id>/remind/", sharing.report_remind, name="report-remind"),
    path("reports/<int:report_id>/recipients/", sharing.report_recipients, name="report-recipients"),
    re_path(r"^reports/(?P<report_id>[0-9]+)/recipients\.(?P<format>csv|json)$", sharing.report_recipients_export, name="report-recipients-export"),
    path("reports/recipients/<int:recipient_id>/take-back/", sharing.report_take_back, name="report-take-back"),
]
