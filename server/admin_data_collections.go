package server

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// collectionList is all of the app's collections, and what lies in the store
// beside them; the system's own are not among them.
type collectionList struct {
	Collections []collectionOut `json:"collections"`
	Next        string          `json:"next" doc:"always empty: the list is whole"`
}

type collectionOut struct {
	Name       string            `json:"name"`
	Configured bool              `json:"configured" doc:"false: it is in the store alone, e.g. left over"`
	Present    bool              `json:"present" doc:"false: the store does not know it yet"`
	Count      int64             `json:"count"`
	CountExact bool              `json:"countExact" doc:"false: it is near"`
	Bytes      int64             `json:"bytes" doc:"of the documents, as BSON"`
	Schema     json.RawMessage   `json:"schema" doc:"a JSON Schema, or null"`
	SchemaFile string            `json:"schemaFile"`
	Indexes    []indexOut        `json:"indexes"`
	Access     map[string]string `json:"access" doc:"the rules as written, by operation"`
	Preset     map[string]string `json:"preset"`
	Default    map[string]string `json:"default"`
	Immutable  []string          `json:"immutable"`
	IDs        string            `json:"ids" enum:"client,server"`
	Scan       int               `json:"scan"`
	File       string            `json:"file"`
	Line       int               `json:"line"`
	Column     int               `json:"column"`
}

type indexOut struct {
	Name       string       `json:"name"`
	Fields     []indexField `json:"fields"`
	Unique     bool         `json:"unique"`
	Configured bool         `json:"configured"`
	Ready      bool         `json:"ready" doc:"false: it is being built"`
	Bytes      int64        `json:"bytes" doc:"on disk, as of some seconds ago; 0: not known"`
}

type indexField struct {
	Path string `json:"path"`
	Desc bool   `json:"desc"`
}

func listCollections(r *request) error {
	usage, err := r.srv.o.DataPage.Usage(r.ctx)
	if err != nil {
		return err
	}
	held := make(map[string]*data.Usage, len(usage))
	for i := range usage {
		held[usage[i].Collection] = &usage[i]
	}
	out := collectionList{Collections: []collectionOut{}}
	for i := range r.parts.declared {
		c := &r.parts.declared[i]
		out.Collections = append(out.Collections, showCollection(c, held[c.Name]))
		delete(held, c.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(held)) {
		if name[0] != '_' {
			out.Collections = append(out.Collections, showCollection(nil, held[name]))
		}
	}
	return r.sendJSON(out, nil)
}

// showCollection tells of a collection of the config, the store or both.
func showCollection(c *DeclaredCollection, u *data.Usage) collectionOut {
	out := collectionOut{
		Schema: json.RawMessage("null"), Indexes: []indexOut{}, Immutable: []string{}, IDs: "client",
		Access: map[string]string{}, Preset: map[string]string{}, Default: map[string]string{},
	}
	var declared []data.Index
	if c != nil {
		out.Name, out.Configured, out.Scan = c.Name, true, c.Scan
		out.File, out.Line, out.Column = c.Pos.File, c.Pos.Line, c.Pos.Column
		declared = c.Indexes
		if c.Schema != nil {
			out.Schema, out.SchemaFile = c.Schema.JSON(), c.SchemaFile
		}
		if c.ServerIDs {
			out.IDs = "server"
		}
		maps.Copy(out.Access, c.Access)
		maps.Copy(out.Preset, c.Preset)
		maps.Copy(out.Default, c.Default)
		out.Immutable = append(out.Immutable, c.Immutable...)
	}
	for _, ix := range declared {
		out.Indexes = append(out.Indexes, showIndex(data.IndexUsage{Index: ix}, true))
	}
	if u == nil {
		out.CountExact = true // none
		return out
	}
	out.Name, out.Present, out.Count, out.CountExact, out.Bytes = u.Collection, true, u.Docs, u.Exact, u.Bytes
	for _, ix := range u.Indexes {
		at := slices.IndexFunc(declared, func(d data.Index) bool { return d.Name == ix.Name })
		if at < 0 {
			out.Indexes = append(out.Indexes, showIndex(ix, false))
		} else {
			out.Indexes[at] = showIndex(ix, true)
		}
	}
	return out
}

func showIndex(ix data.IndexUsage, configured bool) indexOut {
	out := indexOut{Name: ix.Name, Unique: ix.Unique, Configured: configured, Ready: ix.Ready, Bytes: ix.Bytes, Fields: []indexField{}}
	for _, f := range ix.Fields {
		out.Fields = append(out.Fields, indexField(f))
	}
	return out
}

const (
	sampleDefault = 200
	sampleMost    = 1000
)

type fieldList struct {
	Fields  []fieldOut `json:"fields"`
	Next    string     `json:"next" doc:"always empty: the list is whole"`
	Sampled int        `json:"sampled" doc:"how many of the newest documents were looked at"`
}

type fieldOut struct {
	Path     string         `json:"path"`
	Seen     int            `json:"seen"`
	Types    map[string]int `json:"types" doc:"how often: null bool int long double decimal string date binary objectId array object"`
	Items    map[string]int `json:"items" doc:"of an array's elements"`
	Declared []string       `json:"declared" doc:"the schema's types"`
	Required bool           `json:"required"`
}

// seenFields looks at the newest documents, by _id.
func seenFields(r *request) error {
	most := sampleDefault
	if s := r.param("sample"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > sampleMost {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "sample", Message: "sample goes from 1 to " + strconv.Itoa(sampleMost)}
		}
		most = n
	}
	q := data.Query{From: r.params[0], OrderBy: []data.Order{{Path: data.FieldID, Desc: true}}, Limit: most}
	page, err := r.srv.o.Data.Query(r.ctx, q, r.data(data.OpList))
	if err != nil {
		return err
	}
	out := fieldList{Fields: []fieldOut{}, Sampled: len(page.Docs)}
	at := map[string]int{}
	for _, f := range data.SeenFields(page.Docs) {
		at[f.Path] = len(out.Fields)
		o := fieldOut{Path: f.Path, Seen: f.Seen, Types: f.Types, Items: map[string]int{}, Declared: []string{}}
		maps.Copy(o.Items, f.Items)
		out.Fields = append(out.Fields, o)
	}
	for i := range r.parts.declared {
		c := &r.parts.declared[i]
		if c.Name != r.params[0] || c.Schema == nil {
			continue
		}
		for _, f := range c.Schema.Fields() {
			n, ok := at[f.Path]
			if !ok {
				n = len(out.Fields)
				out.Fields = append(out.Fields, fieldOut{Path: f.Path, Types: map[string]int{}, Items: map[string]int{}, Declared: []string{}})
			}
			out.Fields[n].Declared = append(out.Fields[n].Declared, f.Types...)
			out.Fields[n].Required = f.Required
		}
	}
	return r.sendJSON(out, nil)
}
