"""What the product costs, measured: see README.md."""
