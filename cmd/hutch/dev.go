package main

import "github.com/spf13/cobra"

func (c *cli) devCommand() *cobra.Command {
	f := serverFlags{dev: true}
	cmd := &cobra.Command{
		Use: "dev [dir]", Short: "Run an app while you write it: reloads what changes",
		Example: "  hutch dev\n  hutch dev --listen 127.0.0.1:0 examples/petstore",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return c.serve(cmd.Context(), &f, args) },
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.expose, "expose", false, "allow a --listen off loopback")
	return cmd
}
