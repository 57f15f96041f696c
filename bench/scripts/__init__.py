"""What somebody would write who does the same without the gate."""
