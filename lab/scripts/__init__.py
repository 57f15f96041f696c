"""What lab/up, lab/down and lab/test do."""
