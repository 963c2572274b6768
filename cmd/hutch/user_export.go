package main

import (
	"bufio"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) userExport() *cobra.Command {
	var f dataFlags
	var hashes bool
	cmd := &cobra.Command{
		Use: "export [dir]", Short: "Write all accounts as lines of JSON, which user import reads",
		Long: `Write all accounts as lines of JSON, which user import reads. Sessions, second factors
and passkeys do not leave. Whoever has the hashes can try passwords: keep the file as you keep those.`,
		Example: "  hutch user export > users.jsonl\n  hutch user export --hashes | age -r <recipient> > users.jsonl.age",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			d, err := dir(args, 0)
			if err != nil {
				return err
			}
			op, err := c.operator(&f, d)
			if err != nil {
				return err
			}
			defer func() {
				if cerr := op.close(); err == nil {
					err = cerr
				}
			}()
			w := bufio.NewWriter(c.out)
			n := 0
			for after := ""; ; {
				out, err := op.do(cmd.Context(), boot.Operation{Name: boot.UserExport, After: after, Hashes: hashes})
				if err != nil {
					return err
				}
				for _, u := range out.Users {
					if _, err := fmt.Fprintf(w, "%s\n", u); err != nil {
						return err
					}
				}
				n += len(out.Users)
				if after = out.Next; after == "" {
					break
				}
			}
			if err := w.Flush(); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "%d accounts\n", n)
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&hashes, "hashes", false, "with the hashes of passwords")
	return cmd
}
