"""What drivers see of money, and what gateways call."""
