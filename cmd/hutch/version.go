package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
)

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  hutch version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(c.out, hutch.Version)
			return err
		},
	}
}
