package config

import "strings"

// Row is a key of hutch.yaml as documents show it.
type Row struct {
	Path   string // e.g. limits.body, collections.<name>.schema
	Kind   string // "" for a mapping
	Bounds string // "1KiB to 16MiB", or ""
	Def    string // the default, or ""
	About  string
	Need   bool
}

// Reference lists every key, from the table that the walker reads.
func Reference() []Row { return rows("", defaults().keys()) }

func rows(parent string, keys []key) (out []Row) {
	for _, k := range keys {
		path := join(parent, k.name)
		out = append(out, Row{Path: path, Kind: k.kind, Bounds: k.bounds, Def: k.def, About: strings.TrimSuffix(k.about, "."), Need: k.need})
		if k.named {
			path += ".<name>"
		} else if k.kind == "list" {
			path += "[]"
		}
		out = append(out, rows(path, k.kids)...)
	}
	return out
}
