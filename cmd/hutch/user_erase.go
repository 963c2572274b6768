package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) userErase() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "erase <email or id> [dir]", Short: "Erase an account and what is kept of its person",
		Long: `Erase an account with its sessions, identities, passkeys and profile, what is kept of its
requests and, from the change log, the images of documents that name its id. The app's own documents
are the app's to erase.`,
		Example: "  hutch user erase ann@shop.example\n  hutch user erase 0199a3c8-5c1e-7b21-9d1c-0a4c1f2a7e11",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 1, boot.Operation{Name: boot.UserErase, Email: args[0]})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "erased user %s\n", out.ID)
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
