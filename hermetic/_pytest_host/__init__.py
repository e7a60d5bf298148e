"""What pytest loads: marks, settings, verdicts and isolation of its items. Only this room knows pytest."""
