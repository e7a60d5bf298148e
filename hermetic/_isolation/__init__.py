"""The processes of workers: how they are started, supervised, timed and ended, and what they leave behind."""
