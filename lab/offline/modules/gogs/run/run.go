// Package run has what Gogs takes of github.com/sourcegraph/run: it makes the host keys of the
// built-in SSH server, which the lab leaves off.
package run

import (
	"context"
	"os/exec"
)

// Command is a program with its arguments.
type Command struct{ command *exec.Cmd }

// Arg is an argument as it is; no shell sees it.
func Arg(value string) string { return value }

// Cmd names the program and its arguments.
func Cmd(ctx context.Context, parts ...string) *Command {
	return &Command{exec.CommandContext(ctx, parts[0], parts[1:]...)}
}

// Run starts the program.
func (c *Command) Run() *Output { return &Output{c.command, c.command.Start()} }

// Output is a program that was started.
type Output struct {
	command *exec.Cmd
	started error
}

// Wait returns when the program has ended.
func (o *Output) Wait() error {
	if o.started != nil {
		return o.started
	}
	return o.command.Wait()
}
