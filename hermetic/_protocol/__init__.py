"""What a run and its workers tell each other: frames of plain data, errors and tracebacks made of it."""
