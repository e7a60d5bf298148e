"""The double of the subprocess module: scripted children instead of real ones."""
