package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
)

// The exit codes.
const (
	exitOK = iota
	exitFailure
	exitUsage
	exitConfig
	exitCheck
)

// cli is what a command has of the process.
type cli struct {
	in       io.Reader
	out, err io.Writer
	lookup   func(string) (string, bool) // the environment
}

// exitError ends a command with a code; an empty err has been told already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func run(ctx context.Context, c *cli, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetIn(c.in)
	root.SetOut(c.out)
	root.SetErr(c.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if msg := message(err); msg != "" {
		fmt.Fprintln(c.err, "hutch: "+msg)
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitFailure
}

// message is an error for people: an Error's own words with its hint and cause.
func message(err error) string {
	e, ok := errors.AsType[*hutch.Error](err)
	if !ok {
		return err.Error()
	}
	msg := e.Message
	if e.Code == hutch.Internal && e.Err != nil {
		msg = e.Err.Error()
	} else if e.Err != nil && !strings.Contains(msg, e.Err.Error()) {
		msg += ": " + e.Err.Error()
	}
	if e.Hint != "" {
		msg += "\n    " + e.Hint
	}
	return msg
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "hutch",
		Short:         "A backend in one binary: sign-in, documents under rules, live queries, functions",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_ = cmd.Help()
			return usagef("name a command")
		},
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &exitError{exitUsage, err} })
	root.AddCommand(c.commands()...)
	usage(root)
	return root
}

// usage gives argument errors of all commands their exit code.
func usage(cmd *cobra.Command) {
	if args := cmd.Args; args != nil {
		cmd.Args = func(cmd *cobra.Command, a []string) error {
			if err := args(cmd, a); err != nil {
				return &exitError{exitUsage, err}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usage(sub)
	}
}

// dir is the app folder: the argument after n others, or the current folder.
func dir(args []string, n int) (string, error) {
	d := "."
	if len(args) > n {
		d = args[n]
	}
	return filepath.Abs(d)
}
