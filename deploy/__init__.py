"""How the product is started: on a laptop (`demo.sh`), as a whole (`stack.py`), in production."""
