"""Pages of operations, and the texts that the operator writes."""
