"""What everything else stands on: the Python and the platform, the originals of the standard library, plain records."""
