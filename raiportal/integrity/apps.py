from django.apps import AppConfig


class IntegrityConfig(AppConfig):
    name = "raiportal.integrity"
    label = "integrity"

    def ready(self) -> None:
        from raiportal.integrity.evidence_invariants import EVIDENCE
        from raiportal.integrity.invariants import invariants
        from raiportal.integrity.kernel import KERNEL
        from raiportal.integrity.notifications_invariants import NOTIFICATIONS
        from raiportal.integrity.reports_invariants import REPORTS
        from raiportal.integrity.signoffs_invariants import SIGN_OFFS

        for invariant in (*KERNEL, *NOTIFICATIONS, *EVIDENCE, *SIGN_OFFS, *REPORTS):
            invariants.register(invariant)
