package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/boot"
)

func (c *cli) checkCommand() *cobra.Command {
	var schema, asJSON bool
	cmd := &cobra.Command{
		Use: "check [dir]", Short: "Check an app: config, schemas, rules, functions",
		Example: "  hutch check\n  hutch check --json examples/petstore\n  hutch check --schema > hutch.schema.json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := c.out.Write(config.JSONSchema())
				return err
			}
			d, err := dir(args, 0)
			if err != nil {
				return err
			}
			return c.check(cmd, d, asJSON)
		},
	}
	cmd.Flags().BoolVar(&schema, "schema", false, "print the JSON Schema of hutch.yaml, for editors")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return cmd
}

// report is what check --json prints.
type report struct {
	OK       bool      `json:"ok"`
	Admin    []string  `json:"admin"` // functions with ctx.admin.db
	Findings []finding `json:"findings"`
}

type finding struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (c *cli) check(cmd *cobra.Command, d string, asJSON bool) error {
	root, err := os.OpenRoot(d)
	if err != nil {
		return err
	}
	defer root.Close()
	cfg, ds := config.Load(root.FS(), c.lookup)
	r := report{OK: !config.Errors(ds), Admin: []string{}, Findings: []finding{}}
	if cfg != nil {
		found := boot.Check(cmd.Context(), boot.Options{Dir: d, FS: root.FS(), Config: cfg, Public: publicVariables(), Providers: provider, Mailer: mailer, Captcha: newCaptcha})
		ds = append(ds, found.Diagnostics...)
		r.OK, r.Admin = !config.Errors(ds), append(r.Admin, found.Admin...)
	}
	for _, d := range ds {
		r.Findings = append(r.Findings, finding{
			d.Pos.File, d.Pos.Line, d.Pos.Column, d.Severity.String(), d.Code, d.Message, d.Hint,
		})
	}
	if asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if err := enc.Encode(r); err != nil {
			return err
		}
	} else {
		c.tell(ds)
		for _, name := range r.Admin {
			fmt.Fprintf(c.out, "function %s has ctx.admin.db, which skips rules\n", name)
		}
	}
	if !r.OK {
		return &exitError{code: exitCheck}
	}
	if !asJSON {
		fmt.Fprintf(c.err, "%s: ok\n", cfg.Name)
	}
	return nil
}

// tell prints findings for people.
func (c *cli) tell(ds []hutch.Diagnostic) {
	for _, d := range ds {
		fmt.Fprintln(c.err, d)
	}
}
