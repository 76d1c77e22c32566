"""Everything with a date that somebody has to keep: due, reminded, escalated, paused with a reason, frozen when it is over."""
