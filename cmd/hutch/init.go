package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/examples"
)

func (c *cli) initCommand() *cobra.Command {
	var template string
	cmd := &cobra.Command{
		Use: "init <dir>", Short: "Make an app folder",
		Example: "  hutch init shop\n  hutch init --template petstore shop",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains(examples.Templates(), template) {
				return usagef("no template %q: there are %s", template, strings.Join(examples.Templates(), ", "))
			}
			target, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if err := initApp(target, template); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "made %s; next: hutch dev %s\n", target, args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&template, "template", "empty", strings.Join(examples.Templates(), " or "))
	return cmd
}

var (
	validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	nameLine  = regexp.MustCompile(`(?m)^name: .*$`)
)

// initApp writes a template into a folder that is absent or empty.
func initApp(target, template string) error {
	if entries, err := os.ReadDir(target); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty", target)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	src, err := fs.Sub(examples.FS, template)
	if err != nil {
		return err
	}
	write := func(name string, text []byte) error {
		path := filepath.Join(target, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o644)
	}
	err = fs.WalkDir(src, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(src, p)
		if err != nil {
			return err
		}
		if name := filepath.Base(target); p == "hutch.yaml" && template == "empty" && validName.MatchString(name) {
			text = nameLine.ReplaceAll(text, []byte("name: "+name))
		}
		return write(p, text)
	})
	if err != nil {
		return err
	}
	return write(".gitignore", []byte(".hutch/\n.env\nnode_modules/\n"))
}
