"""The run engine: pumps that take a run's items from PostgreSQL, call the endpoint and store what came back.

The database is the truth; Celery only wakes workers. `leases` and `grants` share the work and the endpoint's slots out, `items` reads what
is to be asked, `pump` makes the calls, `store` writes outputs, `retry` and `rates` say when to call again. See docs/decisions for why.
"""
