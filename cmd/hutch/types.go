package main

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hutch-dev/hutch/config"
)

const typesFile = "hutch.d.ts"

func (c *cli) typesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "types [dir]", Short: "Write " + typesFile + ": the app's types for the client", Example: "  hutch types\n  hutch types examples/petstore",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := dir(args, 0)
			if err != nil {
				return err
			}
			root, cfg, err := c.app(d, c.lookup)
			if err != nil {
				return err
			}
			defer root.Close()
			text, err := appTypes(root.FS(), cfg)
			if err != nil {
				return err
			}
			path := filepath.Join(d, typesFile)
			if old, err := os.ReadFile(path); err == nil && string(old) == text {
				fmt.Fprintf(c.err, "%s is current\n", path)
				return nil
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return err
			}
			fmt.Fprintf(c.err, "wrote %s\n", path)
			return nil
		},
	}
}

// appTypes is the interface App that the client's createClient takes.
func appTypes(fsys fs.FS, c *config.Config) (string, error) {
	var b strings.Builder
	b.WriteString("// Written by `hutch types`; do not edit.\nexport interface App {\n  collections: {\n")
	colls := slices.SortedFunc(slices.Values(c.Collections), func(x, y config.Collection) int { return cmp.Compare(x.Name, y.Name) })
	for i := range colls {
		doc, err := fileType(fsys, colls[i].Schema, "Record<string, any>")
		if err != nil {
			return "", err
		}
		var preset []string
		for _, p := range colls[i].Preset {
			preset = append(preset, p.Name)
		}
		fmt.Fprintf(&b, "    %s: { doc: %s%s%s }\n", tsKey(colls[i].Name), doc, union("preset", preset), union("immutable", colls[i].Immutable))
	}
	b.WriteString("  }\n  functions: {\n")
	funcs := slices.SortedFunc(slices.Values(c.Functions), func(x, y config.Function) int { return cmp.Compare(x.Name, y.Name) })
	for i := range funcs {
		if !funcs[i].Trigger.Call {
			continue
		}
		in, err := fileType(fsys, funcs[i].Input, "any")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "    %s: { in: %s; out: any }\n", tsKey(funcs[i].Name), in)
	}
	b.WriteString("  }\n")
	if len(c.Auth.Providers) > 0 {
		var names []string
		for i := range c.Auth.Providers {
			names = append(names, tsString(c.Auth.Providers[i].Name))
		}
		fmt.Fprintf(&b, "  providers: %s\n", strings.Join(slices.Sorted(slices.Values(names)), " | "))
	}
	b.WriteString("}\n")
	return b.String(), nil
}

// union writes "; preset: 'a' | 'b'" of the fields' first segments.
func union(key string, paths []string) string {
	var names []string
	for _, p := range paths {
		first, rest, _ := strings.Cut(p, ".")
		if rest == "" && !slices.Contains(names, tsString(first)) {
			names = append(names, tsString(first))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; " + key + ": " + strings.Join(names, " | ")
}

func fileType(fsys fs.FS, file, none string) (string, error) {
	if file == "" {
		return none, nil
	}
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return "", err
	}
	s, err := parseOrdered(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	t := tsTypes{root: s}
	return t.of(s, 0), nil
}
