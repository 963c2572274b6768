package main

import "github.com/spf13/cobra"

// commands lists every command; a file each.
func (c *cli) commands() []*cobra.Command {
	return []*cobra.Command{
		c.devCommand(),
		c.serveCommand(),
		c.initCommand(),
		c.checkCommand(),
		c.userCommand(),
		c.keyCommand(),
		c.operatorCommand(),
		c.auditCommand(),
		c.typesCommand(),
		c.healthCommand(),
		c.versionCommand(),
	}
}
