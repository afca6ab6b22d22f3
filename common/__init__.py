"""What at least two papers use. Knows no paper."""
