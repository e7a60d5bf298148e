"""The rules that apply to a test: its marks, its policy, its isolation group."""
