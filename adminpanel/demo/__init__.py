"""The made-up operator: its network, its people, three months of history, and live traffic."""
