"""The protocol of a run and its workers: frames of plain data, and errors and tracebacks made from it."""
