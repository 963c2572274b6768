package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch/config"
)

func TestProfileKeys(t *testing.T) {
	c := load(t, app("hutch.yaml", "name: x\nauth:\n  profile: { collection: people, fields: { name: full_name, photo: avatar_url } }\ncollections: { people: {} }\n"), noEnv)
	want := config.Profile{Collection: "people", Fields: map[string]string{"name": "full_name", "photo": "avatar_url"}}
	if d := cmp.Diff(want, c.Auth.Profile); d != "" {
		t.Error(d)
	}
	for yaml, says := range map[string]string{
		"{ collection: persons }":                           `hutch.yaml:2:32: error: auth.profile.collection: there is no collection "persons"`,
		"{ collection: _users }":                            `hutch.yaml:2:32: error: auth.profile.collection: there is no collection "_users"`,
		"{ fields: { a: b } }":                              `hutch.yaml:2:18: error: auth.profile.collection is missing`,
		"{ collection: people, fields: { _id: id } }":       `hutch.yaml:2:50: error: auth.profile.fields: the name "_id" is a system field`,
		"{ collection: people, fields: { a.b: c } }":        `hutch.yaml:2:50: error: auth.profile.fields: the name "a.b" is a path`,
		`{ collection: people, fields: { a: "" } }`:         `hutch.yaml:2:53: error: auth.profile.fields.a: "" is empty`,
		"{ collection: people, fields: { a: [b] } }":        `hutch.yaml:2:53: error: auth.profile.fields.a: expected text, got a list`,
		"{ collection: people, fields: { a: b }, also: 1 }": `hutch.yaml:2:58: error: unknown key "also" in auth.profile`,
	} {
		got := lines(refused(t, app("hutch.yaml", "name: x\nauth: { profile: "+yaml+" }\ncollections: { people: {} }\n"), noEnv))
		if !strings.HasPrefix(got, says) || strings.Count(got, "error:") != 1 {
			t.Errorf("%s:\n got %s\nwant %s", yaml, got, says)
		}
	}
}
