package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

// auditPage is how many rows are asked for at a time.
const auditPage = 200

func (c *cli) auditCommand() *cobra.Command {
	var f dataFlags
	var since, user string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "audit [dir]", Short: "What happened to accounts, sessions and keys, and what operators did",
		Example: "  hutch audit --since 24h\n  hutch audit --user ann@shop.example\n  hutch audit --json > audit.jsonl",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := auth.AuditQuery{User: user, Limit: auditPage}
			if since != "" {
				age, ok := config.ParseDuration(since)
				if !ok || age <= 0 {
					return usagef("--since is a time such as 12h or 30d, not %q", since)
				}
				q.Since = time.Now().Add(-age)
			}
			return c.audit(cmd, &f, args, q, asJSON)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&since, "since", "", "how far back, e.g. 24h or 30d [all, a year]")
	cmd.Flags().StringVar(&user, "user", "", "of one user: an id or an address")
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object a line")
	return cmd
}

// audit prints page by page, the oldest row first.
func (c *cli) audit(cmd *cobra.Command, f *dataFlags, args []string, q auth.AuditQuery, asJSON bool) error {
	w := tabwriter.NewWriter(c.out, 0, 8, 2, ' ', 0)
	lines := json.NewEncoder(c.out)
	if !asJSON {
		fmt.Fprintln(w, "TIME\tEVENT\tUSER\tSESSION\tKEY\tOPERATOR\tTARGET\tFUNCTION\tNETWORK\tREQUEST\tDETAIL")
	}
	for {
		out, err := c.operateIn(cmd.Context(), f, args, 0, boot.Operation{Name: boot.AuditRead, Audit: &q})
		if err != nil {
			return err
		}
		for _, r := range out.Audit {
			if asJSON {
				if err := lines.Encode(r); err != nil {
					return err
				}
				continue
			}
			detail := r.Detail
			if r.Count > 0 {
				detail += " (" + strconv.FormatInt(r.Count, 10) + ")"
			}
			cells := []string{r.At.UTC().Format(time.RFC3339), r.Event, r.User, r.Session, r.Key, r.Operator, r.Target, r.Function, r.Network, r.Request, detail}
			for i, cell := range cells {
				cells[i] = shownText(cell)
			}
			fmt.Fprintln(w, strings.Join(cells, "\t"))
		}
		if q.After = out.Next; q.After == "" {
			return w.Flush()
		}
	}
}

// shownText is s without what would steer a terminal or turn its text around.
func shownText(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}
