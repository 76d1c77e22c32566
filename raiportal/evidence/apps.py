from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "raiportal.evidence"
    label = "evidence"
