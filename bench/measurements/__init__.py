"""What is measured, a file each: its docstring says what, `cases` yields the work and its peers."""
