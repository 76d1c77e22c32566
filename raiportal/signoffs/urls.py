"""The addresses of pages about sign-offs."""

from __future__ import annotations

from django.urls import path, re_path

from raiportal.signoffs.views import conditions, requests, signing, stand_ins

urlpatterns = [
    path("sign-offs/", requests.sign_off_list, name="sign-off-list"),
    re_path(r"^sign-offs\.(?P<format>csv|json)$", requests.sign_off_export, name="sign-off-export"),
    path("sign-offs/ask/<str:kind>/<int:subject_id>/", signing.sign_off_ask, name="sign-off-ask"),
    path("sign-offs/<int:request_id>/", requests.sign_off_request, name="sign-off-request"),
    path("sign-offs/<int:request_id>/sign/", signing.sign_off_sign, name="sign-off-sign"),
    path("sign-offs/<int:request_id>/withdraw/", signing.sign_off_withdraw, name="sign-off-withdraw"),
    path("sign-offs/<int:request_id>/revoke/", signing.sign_off_revoke, name="sign-off-revoke"),
    path("sign-offs/stand-ins/", stand_ins.stand_in_list, name="stand-in-list"),
    re_path(r"^sign-offs/stand-ins\.(?P<format>csv|json)$", stand_ins.stand_in_export, name="stand-in-export"),
    path("sign-offs/stand-ins/new/", stand_ins.stand_in_add, name="stand-in-add"),
    path("sign-offs/stand-ins/<int:stand_in_id>/end/", stand_ins.stand_in_end, name="stand-in-end"),
    path("conditions/<int:condition_id>/meet/", conditions.condition_meet, name="condition-meet"),
    path("conditions/<int:condition_id>/confirm/", conditions.condition_confirm, name="condition-confirm"),
]
