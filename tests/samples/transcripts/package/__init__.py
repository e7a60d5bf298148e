"""A package whose tests are found below it."""
