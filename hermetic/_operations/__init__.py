"""What code attempts: audit events read as operations, and the line of the user's code behind them."""
