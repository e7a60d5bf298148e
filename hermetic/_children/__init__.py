"""What runs first in a child process, before any code of the user's."""
