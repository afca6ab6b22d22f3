"""Route planning: the path with the best chance to arrive on time, when travel times are random (Sec. 5.3)."""
