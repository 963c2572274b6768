package main

import "github.com/spf13/cobra"

// commands lists every command; a file each.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.initCommand(),
		c.checkCommand(),
		c.versionCommand(),
	}
}
