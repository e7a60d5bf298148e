"""What can be varied in the surroundings of tests: the variations of ``--vary``."""
