"""What the first implementation did for its two figures, once more in our own words: see README.md there."""
