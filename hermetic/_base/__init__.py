"""The foundations of the package: facts about Python and the platform, original functions, errors, plain records."""
