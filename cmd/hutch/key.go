package main

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) keyCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "key", Short: "Service keys, and the keys that sign tokens", Args: cobra.NoArgs, RunE: needSub}
	cmd.AddCommand(c.keyCreate(), c.keyList(), c.keyRevoke(), c.keySigning())
	return cmd
}

func (c *cli) keyCreate() *cobra.Command {
	var f dataFlags
	var scope, expires string
	cmd := &cobra.Command{
		Use: "create <name> [dir]", Short: "Make a service key and print it, once",
		Example: "  hutch key create importer\n  hutch key create prometheus --scope ops --expires 90d",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if scope != hutch.ScopeData && scope != hutch.ScopeAuth && scope != hutch.ScopeOps {
				return usagef("--scope is data, auth or ops, not %q", scope)
			}
			op := boot.Operation{Name: boot.KeyCreate, Key: args[0], Scope: scope}
			if expires != "" {
				life, ok := config.ParseDuration(expires)
				if !ok || life <= 0 {
					return usagef("--expires is a time such as 12h or 90d, not %q", expires)
				}
				op.Life = life
			}
			out, err := c.operateIn(cmd.Context(), &f, args, 1, op)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "made key %s of scope %s; it is shown this once\n", out.ID, scope)
			_, err = fmt.Fprintln(c.out, out.Key)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&scope, "scope", hutch.ScopeData, "data (skips rules), auth (manages users) or ops (metrics, logs)")
	cmd.Flags().StringVar(&expires, "expires", "", "how long it holds, e.g. 90d [for ever]")
	return cmd
}

func (c *cli) keyList() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "list [dir]", Short: "List the service keys", Example: "  hutch key list", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 0, boot.Operation{Name: boot.KeyList})
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tSCOPE\tCREATED\tEXPIRES\tLAST USE")
			for _, k := range out.Keys {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Scope, date(&k.CreatedAt), date(k.ExpiresAt), date(k.LastUsedAt))
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	return cmd
}

func date(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func (c *cli) keyRevoke() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "revoke <id or name> [dir]", Short: "End a service key, within a second",
		Example: "  hutch key revoke importer", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 1, boot.Operation{Name: boot.KeyRevoke, Key: args[0]})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "revoked key %s\n", out.ID)
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
