package server

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// openAPIRoute is the description of all routes. Strangers see the part that
// every Hutch has; what the app is made of and the admin routes are for operators
// and service keys of scope ops.
func openAPIRoute() *Route {
	return &Route{
		Method: http.MethodGet, Path: "/openapi.json", Service: ServiceOps, About: "this description; more of it with an ops key",
		Query: []string{}, Out: answers{http.StatusOK: openAPIDoc{}, http.StatusNotModified: nil}, handle: openAPI,
	}
}

// description is a document ready to be sent.
type description struct {
	body []byte
	etag []byte
}

// descriptions are made when somebody first asks.
type descriptions struct{ public, whole func() description }

func (s *Server) describe(app App) descriptions {
	return descriptions{
		public: sync.OnceValue(func() description { return seal(openAPIDocument(s.routes, App{}, false)) }),
		whole:  sync.OnceValue(func() description { return seal(openAPIDocument(s.routes, app, true)) }),
	}
}

// Description is what operators are told of the API as of now, for tests and
// documents.
func (s *Server) Description() []byte { return s.parts.Load().docs.whole().body }

func seal(doc schema) description {
	body, err := json.Marshal(doc)
	if err != nil {
		panic("server: the description of the routes: " + err.Error()) // a test has built it
	}
	sum := sha256.Sum256(body)
	return description{body, []byte(`"` + hex.EncodeToString(sum[:8]) + `"`)}
}

func openAPI(r *request) error {
	d := r.parts.docs.public
	if r.needOps() == nil {
		d = r.parts.docs.whole
	}
	out := d()
	r.header(hdrETag, out.etag)
	if r.head.has("if-none-match") && strings.Contains(string(r.head.ifNoneMatch), string(out.etag)) {
		r.empty(http.StatusNotModified)
		return nil
	}
	r.send(http.StatusOK, append(r.buffer(), out.body...))
	return nil
}

// openAPIDocument describes rows of the table; whole: those for operators and
// the app's own, too.
func openAPIDocument(routes []*Route, app App, whole bool) schema {
	b := &describer{schemas: newSchemas(), paths: schema{}}
	b.of(failure{})
	for _, r := range routes {
		if whole || r.Service != ServiceAdmin {
			method, op := b.operation(r)
			b.add(r.Path, method, op)
		}
	}
	b.app(&app)
	schemes := schema{
		"user":       schema{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "the access token of a signed-in user"},
		"serviceKey": schema{"type": "http", "scheme": "bearer", "bearerFormat": "hutch_sk_...", "description": "a service key; what it may is in its scopes. Never from a browser."},
		"apikey":     schema{"type": "apiKey", "in": "header", "name": "apikey", "description": "a service key, where there is no Authorization"},
	}
	if whole {
		schemes["operator"] = schema{
			"type": "apiKey", "in": "cookie", "name": deskSecure,
			"description": "the dashboard's session, with X-Hutch-Admin: 1 and Sec-Fetch-Site: same-origin",
		}
	}
	title := "Hutch"
	if app.Name != "" {
		title = app.Name + ", on Hutch"
	}
	return schema{
		"openapi":           "3.1.0",
		"jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
		"info":              schema{"title": title, "version": "v1", "description": aboutAPI},
		"servers":           []any{schema{"url": "/"}},
		"tags":              tagsOf(b.paths),
		"paths":             b.paths,
		"components": schema{
			"schemas": b.named, "securitySchemes": schemes,
			"responses": schema{"failure": schema{
				"description": "Every failure has this body; 429 and 503 carry Retry-After.",
				"headers":     schema{"X-Request-Id": always, "Retry-After": schema{"description": "seconds; with 429 and 503", "schema": schema{"type": "integer", "minimum": 1}}},
				"content":     jsonContent(refTo("Failure")),
			}},
		},
	}
}

const aboutAPI = "Bodies are JSON in UTF-8 and come with Content-Length. Unknown keys and query parameters are refused by name, but for /auth, which ignores them. " +
	"The URL is at most 8 KiB, the request line and headers 16 KiB; each body's limit stands with it. Every answer carries X-Request-Id."

// describer gathers a document.
type describer struct {
	*schemas
	paths schema
}

func (b *describer) add(path string, method string, op schema) {
	item, ok := b.paths[path].(schema)
	if !ok {
		item = schema{}
		b.paths[path] = item
	}
	item[method] = op
}

// operation describes a row.
func (b *describer) operation(r *Route) (method string, op schema) {
	op = schema{
		"operationId": operationID(r), "summary": r.About, "tags": []string{string(r.Service)},
		"responses": b.responses(r), "security": security(r),
	}
	if ps := parameters(r); len(ps) > 0 {
		op["parameters"] = ps
	}
	if r.In != nil {
		content := schema{}
		if _, text := r.In.(linesText); text {
			content["text/plain"] = schema{"schema": schema{"type": "string"}}
		} else {
			content = jsonContent(b.of(r.In))
		}
		if r.Form {
			content["application/x-www-form-urlencoded"] = schema{"schema": plainObject}
		}
		body := schema{"content": content, "description": "at most " + strconv.FormatInt(r.BodyLimit, 10) + " bytes"}
		if !r.Bare {
			body["required"] = true
		}
		op["requestBody"] = body
	}
	return strings.ToLower(r.Method), op
}

func jsonContent(s schema) schema { return schema{"application/json": schema{"schema": s}} }

// operationID is the method and the path: getDataDocsByCollection.
func operationID(r *Route) string {
	var id strings.Builder
	id.WriteString(strings.ToLower(r.Method))
	for _, seg := range strings.FieldsFunc(r.Path, func(c rune) bool { return strings.ContainsRune("/.-_", c) }) {
		if name, ok := strings.CutPrefix(seg, "{"); ok {
			id.WriteString("By" + exported(strings.TrimSuffix(name, "}")))
		} else if seg != "v1" {
			id.WriteString(exported(seg))
		}
	}
	return id.String()
}

// responses are the row's own, and what anything may be refused with.
func (b *describer) responses(r *Route) schema {
	own, ok := r.Out.(answers)
	switch {
	case ok:
	case r.Out == nil:
		own = answers{http.StatusNoContent: nil}
	default:
		own = answers{http.StatusOK: r.Out}
	}
	out := schema{}
	for status, v := range own {
		a := schema{"description": http.StatusText(status), "headers": headersOf(r, status)}
		switch v := v.(type) {
		case nil:
		case redirect:
			a["headers"].(schema)["Location"] = always
		case page:
			a["content"] = schema{"text/html": schema{"schema": schema{"type": "string"}}}
		case badLink:
			content := jsonContent(refTo("Failure"))
			content["text/html"] = schema{"schema": schema{"type": "string"}}
			a["content"] = content
		case linesText:
			a["headers"].(schema)["Hutch-Next"] = schema{"schema": schema{"type": "string"}, "description": "the cursor of the next page; not there at the end"}
			a["headers"].(schema)["Hutch-Total"] = schema{"schema": schema{"type": "integer"}, "description": "of the first page: documents of the whole export, as of now; not there where counting takes long"}
			a["content"] = schema{"application/x-ndjson": schema{"schema": schema{"type": "string"}}, "text/csv": schema{"schema": schema{"type": "string"}}}
		case metricText:
			a["content"] = schema{"text/plain": schema{"schema": schema{"type": "string"}}}
		default:
			a["content"] = jsonContent(b.of(v))
		}
		out[strconv.Itoa(status)] = a
	}
	for _, status := range refusals(r) {
		if out[strconv.Itoa(status)] == nil {
			out[strconv.Itoa(status)] = schema{"$ref": "#/components/responses/failure"}
		}
	}
	out["4XX"], out["5XX"] = schema{"$ref": "#/components/responses/failure"}, schema{"$ref": "#/components/responses/failure"}
	return out
}

// always is a header that is never missing.
var always = schema{"schema": schema{"type": "string"}, "required": true}

// headersOf are those that clients read.
func headersOf(r *Route, status int) schema {
	text := schema{"schema": schema{"type": "string"}}
	out := schema{"X-Request-Id": always}
	if r.Once {
		out["Hutch-Position"] = text
		out["Idempotency-Replayed"] = schema{"schema": schema{"type": "string", "enum": []string{"true"}}}
	}
	if status == http.StatusNotModified || strings.HasSuffix(r.Path, "/{collection}/{id}") && status != http.StatusNoContent {
		out["ETag"] = text
	}
	return out
}

// refusals are the likely ones; others have the same body.
func refusals(r *Route) []int {
	out := map[int]bool{http.StatusBadRequest: true, http.StatusServiceUnavailable: true}
	if r.Need != NeedNothing || r.Service == ServiceData || r.Service == ServiceFunctions {
		out[http.StatusUnauthorized], out[http.StatusForbidden] = true, true
	}
	if strings.Contains(r.Path, "{") || r.Service == ServiceAdmin {
		out[http.StatusNotFound] = true
	}
	if r.In != nil {
		out[http.StatusRequestEntityTooLarge], out[http.StatusUnsupportedMediaType] = true, true
	}
	if r.Once {
		out[http.StatusConflict] = true
	}
	if r.Service == ServiceData && r.Once {
		out[http.StatusPreconditionFailed] = true
	}
	if r.Service == ServiceAuth {
		out[http.StatusTooManyRequests] = true
	}
	return slices.Sorted(maps.Keys(out))
}

// security says which credentials a row takes; {} is none.
func security(r *Route) []any {
	none, user, key, apikey, operator := schema{}, schema{"user": []any{}}, schema{"serviceKey": []any{}}, schema{"apikey": []any{}}, schema{"operator": []any{}}
	switch r.Need {
	case NeedUser:
		return []any{user}
	case NeedAuth, NeedOps:
		return []any{key, apikey}
	case NeedDesk:
		return []any{none, operator}
	case NeedAdmin:
		if r.Scope == "" {
			return []any{operator}
		}
		return []any{operator, key, apikey}
	}
	if r.Creds == CredsAuth {
		return []any{none, key, apikey}
	}
	return []any{none, user, key, apikey}
}

func tagsOf(paths schema) []any {
	about := map[Service]string{
		ServiceData: "documents under rules", ServiceAuth: "sign-in, in GoTrue's shapes", ServiceAdmin: "for operators and service keys",
		ServiceRealtime: "live queries", ServiceFunctions: "the app's functions", ServiceOps: "for who runs it", ServiceApp: "the app's own routes",
	}
	used := map[string]bool{}
	for _, item := range paths {
		for _, op := range item.(schema) {
			used[op.(schema)["tags"].([]string)[0]] = true
		}
	}
	out := []any{}
	for _, name := range slices.Sorted(maps.Keys(used)) {
		out = append(out, schema{"name": name, "description": about[Service(name)]})
	}
	return out
}
