"""Speed against its goals, measured on a real installation beside a floor that is measured in the same run."""
