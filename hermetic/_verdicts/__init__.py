"""Where a violation is kept, from the scope that it happened in until it is reported."""
