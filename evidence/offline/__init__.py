"""What runs without this product: scripts that repeat what it computed."""
