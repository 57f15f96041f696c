// datadog-ci has Node read 10 MB of source maps, for stack traces alone: a third of its start.
process.setSourceMapsEnabled = () => {};
