package auth_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS67BodiesOfAuthAreStrict(t *testing.T) {
	for name, body := range map[string]string{
		"a lone surrogate": `{"email":"a@x.test","password":"` + strings.Repeat(`\ud800`, 12) + `"}`,
		"duplicate keys":   `{"email":"a@x.test","email":"b@x.test","password":"correct horse battery"}`,
		"escaped twins":    `{"email":"a@x.test","\u0065mail":"b@x.test","password":"correct horse battery"}`,
		"NUL":              `{"email":"a@x.test","password":"` + strings.Repeat(`\u0000`, 12) + `"}`,
		"two values":       `{} {}`,
		"no object":        `[]`,
	} {
		if _, err := auth.ParseSignup([]byte(body)); hutch.CodeOf(err) != hutch.BadJSON {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := auth.ParseSignup([]byte(`{"email":"a@x.test","password":"correct horse 🐎 battery","unknown":1}`)); err != nil {
		t.Error(err)
	}
}
