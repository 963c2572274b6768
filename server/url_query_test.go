package server_test

import (
	"net/url"
	"strings"
	"testing"
)

func TestParametersOfAList(t *testing.T) {
	s := start(t)
	for _, c := range []struct{ name, value, field string }{
		{"where", `{"a":{"$foo":1}}`, "where.a.$foo"},
		{"where", `{"a"`, "where.a"},
		{"where", `[]`, "where"},
		{"where", `{"a":1,"a":2}`, "where.a"},
		{"limit", "0", "limit"},
		{"limit", "1001", "limit"},
		{"limit", "-1", "limit"},
		{"limit", "1e2", "limit"},
		{"limit", "", "limit"},
		{"limit", "65537", "limit"},
		{"orderBy", "", "orderBy"},
		{"orderBy", "a,,b", "orderBy"},
		{"orderBy", "a,a", "orderBy"},
		{"orderBy", "a,b,c,d,e", "orderBy"},
		{"orderBy", "_x", "orderBy"},
		{"select", "", "select"},
		{"select", "a,$b", "select"},
		{"count", "1", "count"},
		{"count", "TRUE", "count"},
		{"after", "", "after"},
		{"Limit", "1", "Limit"},
		{"offset", "1", "offset"},
		{"from", "x", "from"},
		{"limit", "1&limit=2", "limit"},
	} {
		value, twice, _ := strings.Cut(c.value, "&")
		query := c.name + "=" + url.QueryEscape(value)
		if twice != "" {
			query += "&" + twice
		}
		a := s.do(t, "ann", "GET", "/data/v1/docs/open?"+query, "")
		if a.StatusCode != 400 || !strings.Contains(a.body, `"field":"`+c.field) {
			t.Errorf("%s: %d %s, want field %s", query, a.StatusCode, a.body, c.field)
		}
	}
}
