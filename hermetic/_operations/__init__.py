"""Reads audit events as operations, and finds the line of the user's code behind them."""
