package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) operatorCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "operator", Short: "Who runs the server by its dashboard", Args: cobra.NoArgs, RunE: needSub}
	cmd.AddCommand(c.operatorCreate(), c.operatorList(), c.operatorRemove())
	return cmd
}

func (c *cli) operatorCreate() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "create <email> [dir]", Short: "Print a one-time link for an operator, new or locked out",
		Long: "Print a link, good for one use within 30 minutes, by which an operator sets a\n" +
			"password. An operator who is locked out gives up all factors and sessions by it.",
		Example: "  hutch operator create ann@shop.example",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 1, boot.Operation{Name: boot.OperatorCreate, Email: args[0]})
			if err != nil {
				return err
			}
			fmt.Fprintln(c.err, "the link is good for one use within 30 minutes, and shown this once")
			if out.URL == "" {
				fmt.Fprintln(c.err, "put the dashboard's address in front of it: `hutch serve` prints that")
			}
			_, err = fmt.Fprintln(c.out, setupLink(out.URL, out.Link.Token))
			return err
		},
	}
	f.add(cmd)
	return cmd
}

// setupLink is where a one-time token is used. It stands in the fragment, which
// no server and no log sees.
func setupLink(base, token string) string { return base + "/_/setup#" + token }

func (c *cli) operatorList() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "list [dir]", Short: "List the operators", Example: "  hutch operator list", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := c.operateIn(cmd.Context(), &f, args, 0, boot.Operation{Name: boot.OperatorList})
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tEMAIL\tSTATUS\tFACTORS\tCREATED\tLAST SIGN-IN")
			for _, o := range out.Operators {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", o.ID, o.Email, o.Status, cmp.Or(strings.Join(o.Factors, ","), "none"), o.CreatedAt, cmp.Or(o.LastSignIn, "never"))
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	return cmd
}

func (c *cli) operatorRemove() *cobra.Command {
	var f dataFlags
	cmd := &cobra.Command{
		Use: "remove <email or id> [dir]", Short: "End an operator, with all sessions",
		Example: "  hutch operator remove ann@shop.example", Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := c.operateIn(cmd.Context(), &f, args, 1, boot.Operation{Name: boot.OperatorRemove, Email: args[0]})
			if err != nil {
				return err
			}
			fmt.Fprintf(c.err, "removed operator %s\n", args[0])
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
