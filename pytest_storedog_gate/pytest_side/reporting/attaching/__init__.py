"""The evidence of checks in the reports of other plugins, where a run has them: a file a plugin.

Nothing of theirs is imported before their own option asks for a report.
"""
