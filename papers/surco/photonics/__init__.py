"""Inverse photonic design (Sec. 5.2): four devices, real physics, and designs that a 3x3 brush can paint."""
