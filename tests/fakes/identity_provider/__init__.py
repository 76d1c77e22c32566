"""A real OpenID provider (django-oauth-toolkit) on loopback, in a process of its own, against which single sign-on is tested."""
