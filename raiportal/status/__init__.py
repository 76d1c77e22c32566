"""Whether this installation works: heartbeat, readiness."""
