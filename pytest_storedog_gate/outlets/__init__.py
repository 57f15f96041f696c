"""What leaves this process, made safe: text, files, requests and the environment of children."""
