"""The service: answers questions with passages and the people behind them."""
