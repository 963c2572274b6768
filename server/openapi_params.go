package server

import (
	"maps"
	"net/http"
	"strings"
)

// paramSchemas are those of parameters that are no plain text; the key is the
// name, or the service and the name where two services mean two things.
var paramSchemas = map[string]schema{
	"collection": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 64},
	"name":       {"type": "string", "minLength": 1},
	"id":         {"type": "string", "minLength": 1, "maxLength": 128},
	"limit":      {"type": "integer", "minimum": 1},
	"data limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
	"count":      {"type": "boolean"},
	"since":      {"type": "string", "format": "date-time"},
	"until":      {"type": "string", "format": "date-time"},

	"range": {"type": "string", "enum": []string{"1h", "24h", "30d"}, "default": "1h"},

	"grant_type":            {"type": "string", "enum": []string{"password", "refresh_token", "pkce", "id_token"}},
	"scope":                 {"type": "string", "enum": []string{"global", "local", "others"}},
	"code_challenge_method": {"type": "string", "enum": []string{"plain", "s256"}},
	"skip_http_redirect":    {"type": "boolean"},
}

// paramAbout says what a parameter holds where its name does not.
var paramAbout = map[string]string{
	"where":   "a filter, as JSON",
	"orderBy": "fields, `-` before one that descends: -price,name",
	"select":  "fields, with commas between them",
	"after":   "the cursor of the page before",
	"verbose": "more, for an ops key",
}

func parameters(r *Route) []any {
	var out []any
	for _, name := range r.names {
		out = append(out, parameter(r, name, "path"))
	}
	for _, name := range r.Query {
		out = append(out, parameter(r, name, "query"))
	}
	for _, name := range r.Reads {
		out = append(out, parameter(r, name, "query"))
	}
	header := func(name, about string) {
		out = append(out, schema{"name": name, "in": "header", "description": about, "schema": schema{"type": "string"}})
	}
	if r.Once {
		header("Idempotency-Key", "1 to 255 printable characters, from guests a UUID: the same request again does nothing and has the first one's answer")
	}
	if strings.HasSuffix(r.Path, "/{collection}/{id}") {
		if r.Method != http.MethodGet {
			header("If-Match", `"<version>", or * for any`)
		}
		header("If-None-Match", "of a write *: the id must be free; of a read the ETag that is known")
	}
	return out
}

func parameter(r *Route, name, in string) schema {
	s, ok := paramSchemas[string(r.Service)+" "+name]
	if !ok {
		s, ok = paramSchemas[name]
	}
	if !ok || in == "path" && s["type"] != "string" {
		s = schema{"type": "string"}
	}
	if in == "path" && s["minLength"] == nil {
		with := schema{"minLength": 1}
		maps.Copy(with, s)
		s = with
	}
	out := schema{"name": name, "in": in, "schema": s}
	if in == "path" {
		out["required"] = true
	}
	if about := paramAbout[name]; about != "" && in == "query" {
		out["description"] = about
	}
	if name == "grant_type" {
		out["required"] = true
	}
	return out
}
