"""The double of the subprocess module: scripted children in the place of real ones."""
