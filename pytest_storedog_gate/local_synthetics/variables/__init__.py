"""`{{ NAME }}`: the values that definitions refer to."""
