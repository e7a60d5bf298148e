"""Every patch of other people's objects is in this folder, and nowhere else."""
