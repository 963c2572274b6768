package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) keySigning() *cobra.Command {
	cmd := &cobra.Command{Use: "signing", Short: "The keys that sign access tokens", Args: cobra.NoArgs, RunE: needSub}
	cmd.AddCommand(c.keySigningRotate())
	return cmd
}

func (c *cli) keySigningRotate() *cobra.Command {
	var f dataFlags
	var now bool
	cmd := &cobra.Command{
		Use: "rotate [dir]", Short: "Bring the next signing key in; it signs after a day in the JWKS",
		Example: "  hutch key signing rotate\n  hutch key signing rotate --now   # after a leak: all access tokens end",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 0, boot.Operation{Name: boot.SigningRotate, Now: now})
			if err != nil {
				return err
			}
			if now {
				fmt.Fprintf(c.err, "key %s signs; the others are gone, and clients refresh their tokens\n", out.Signing.ID)
				return nil
			}
			fmt.Fprintf(c.err, "key %s signs from %s\n", out.Signing.ID, out.Signing.SignsFrom.UTC().Format(time.RFC3339))
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&now, "now", false, "sign with it at once and drop the others")
	return cmd
}
