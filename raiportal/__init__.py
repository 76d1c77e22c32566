"""raiportal: the portal in which an organisation runs its responsible-AI programme. This package is the project and its kernel."""
