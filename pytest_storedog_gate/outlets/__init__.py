"""What leaves this process, made safe: text, files and the environment of children."""
