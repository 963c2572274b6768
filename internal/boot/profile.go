package boot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
)

const codeProfile = "profile"

// profile plugs documents into auth; nil where accounts have none.
func (a *App) profile() *auth.Profile {
	p := &a.o.Config.Auth.Profile
	if p.Collection == "" {
		return nil
	}
	return &auth.Profile{Collection: p.Collection, Fields: p.Fields, Documents: a.Data}
}

// authCollections are what auth may write.
func (o *Options) authCollections() []string {
	names := auth.Collections()
	if p := o.Config.Auth.Profile.Collection; p != "" {
		names = append(names, p)
	}
	return names
}

// withProfiles adds the collection of profiles as the app has it: what a command
// writes without a server keeps schema and indexes too.
func withProfiles(colls []data.Collection, o *Options) ([]data.Collection, error) {
	i := slices.IndexFunc(o.Config.Collections, func(c config.Collection) bool { return c.Name == o.Config.Auth.Profile.Collection })
	if i < 0 {
		return colls, nil
	}
	b := &compiler{fsys: o.FS, c: o.Config, schemas: map[string]*data.Schema{}}
	made := b.collection(&o.Config.Collections[i])
	if config.Errors(b.diags) {
		return nil, hutch.Errorf(hutch.InvalidArgument, "opening the profiles' collection: %s", b.diags[0].Message)
	}
	return append(colls, made), nil
}

// checkProfile finds profiles that no account, or not every one, could have. What
// $ref and the like say is judged with the values alone.
func (b *compiler) checkProfile(r *release) {
	p := &b.c.Auth.Profile
	i := slices.IndexFunc(r.collections, func(c data.Collection) bool { return c.Name == p.Collection })
	if p.Collection == "" || i < 0 || r.collections[i].Schema == nil {
		return
	}
	var s struct {
		Properties map[string]json.RawMessage `json:"properties"`
		Patterns   map[string]json.RawMessage `json:"patternProperties"`
		Required   []string                   `json:"required"`
	}
	if json.Unmarshal(r.collections[i].Schema.JSON(), &s) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(p.Fields)) {
		if _, ok := s.Properties[name]; !ok && len(s.Properties) > 0 && len(s.Patterns) == 0 {
			b.errorf(b.c.Pos("auth.profile.fields."+name), codeProfile, "", "auth.profile.fields.%s: the schema of %s has no such field", name, p.Collection)
		}
	}
	for _, name := range s.Required {
		if _, ok := p.Fields[name]; !ok && name[:min(1, len(name))] != "_" {
			b.errorf(b.c.Pos("auth.profile.fields"), codeProfile, fmt.Sprintf("add %s to auth.profile.fields, or do not require it", name),
				"auth.profile: the schema of %s requires %s, which no account would have", p.Collection, name)
		}
	}
}
