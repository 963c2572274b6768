package server

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

const maxReason = 200 // bytes

// invokeIn calls a function as somebody: `as` is null (the operator, past rules),
// "guest", or {"uid": ".."}. Why, goes into the audit.
type invokeIn struct {
	Data    json.RawMessage `json:"data,omitempty"`    // of a call
	Request *invokeRequest  `json:"request,omitempty"` // of an http function
	As      json.RawMessage `json:"as,omitempty"`
	Reason  string          `json:"reason,omitempty"`
}

type invokeRequest struct {
	Params map[string]string `json:"params,omitempty"` // of the path
	Query  map[string]string `json:"query,omitempty"`
	Body   json.RawMessage   `json:"body,omitempty"`
}

// invoked is what came of it: a result, a response, or an error.
type invoked struct {
	OK       bool            `json:"ok"`
	Result   json.RawMessage `json:"result,omitempty"`
	Response *invokeResponse `json:"response,omitempty"`
	Error    json.RawMessage `json:"error,omitempty"` // as its caller would be answered
	Run      *functions.Run  `json:"run,omitempty"`   // missing where it did not come to run
}

type invokeResponse struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"` // text, else base64
	Base64  bool        `json:"base64,omitempty"`
}

// invoke is POST /admin/v1/functions/{name}/invoke.
func invoke(r *request) error {
	var in invokeIn
	if err := r.bind(&in); err != nil {
		return err
	}
	f := r.parts.function(r.params[0])
	if f == nil || r.parts.functions == nil {
		return noFunction()
	}
	call := &functions.Invocation{Function: f.Name, Body: bytes.Clone(in.Data), Request: r.data("")}
	switch {
	case len(in.Reason) > maxReason:
		return badBody("reason", "the reason is at most 200 bytes")
	case f.Trigger.Kind == functions.TriggerHTTP:
		if in.Data != nil {
			return badBody("data", "a function of a route gets a request").WithHint(`send {"request": {"params", "query", "body"}}`)
		}
		if err := in.http(f, call); err != nil {
			return err
		}
	case f.Trigger.Kind != functions.TriggerCall:
		return hutch.Errorf(hutch.FailedPrecondition, "a function of the trigger %s runs by its event alone", f.Trigger.Kind)
	case in.Request != nil:
		return badBody("request", "a call gets data")
	}
	p, as, err := r.invokeAs(in.As)
	if err != nil {
		return err
	}
	details := map[string]any{"as": as}
	if in.Reason != "" {
		details["reason"] = in.Reason
	}
	if err := r.srv.o.Auth.Note(r.ctx, auth.Act{What: "function_invoked", Target: f.Name, Details: details}); err != nil {
		return err
	}
	var out invoked
	call.Ran = func(k *functions.Run) { out.Run = k }
	call.Scope = "POST /admin/v1/functions/" + f.Name
	if f.KeyRequired {
		call.Key = newKey()
	}
	ctx := data.WithActor(hutch.WithPrincipal(data.WithVerified(r.ctx, r.srv.now()), p), r.who)
	a, err := r.parts.functions.Call(ctx, call)
	switch {
	case err != nil:
		out.Error = appendError(nil, r.known(err), r.id)
	case a.Response != nil:
		out.OK, out.Response = a.Response.Status < 400, responseShown(a.Response)
	default:
		out.OK, out.Result = true, a.Body
	}
	return r.sendJSON(out, nil)
}

// newKey is an Idempotency-Key as guests may use it: each call is one of its own.
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func responseShown(a *functions.Response) *invokeResponse {
	o := &invokeResponse{Status: a.Status, Headers: a.Headers, Body: string(a.Body)}
	if o.Headers == nil {
		o.Headers = [][2]string{}
	}
	if !utf8.Valid(a.Body) {
		b, _ := json.Marshal(a.Body)
		o.Body, o.Base64 = strings.Trim(string(b), `"`), true
	}
	return o
}

// http makes the request that the function's route would get.
func (in *invokeIn) http(f *functions.Function, call *functions.Invocation) error {
	q := in.Request
	if q == nil {
		q = &invokeRequest{}
	}
	h := &functions.HTTPRequest{
		Method: f.Trigger.Method, Params: map[string]string{}, Query: map[string][]string{}, Headers: map[string]string{},
	}
	segments := strings.Split(f.Trigger.Path, "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, "{") {
			continue
		}
		name := strings.Trim(s, "{}")
		v := q.Params[name]
		if v == "" {
			return badBody("request.params."+name, "the path needs it")
		}
		h.Params[name], segments[i] = v, url.PathEscape(v)
	}
	for name := range q.Params {
		if _, ok := h.Params[name]; !ok {
			return badBody("request.params."+name, "the path has no such parameter")
		}
	}
	for name, v := range q.Query {
		h.Query[name] = []string{v}
	}
	if len(q.Body) > 0 {
		h.ContentType = "application/json"
		h.Headers["content-type"] = h.ContentType
		call.Body = bytes.Clone(q.Body)
	}
	h.Path = strings.Join(segments, "/")
	call.HTTP = h
	return nil
}

// invokeAs reads whom a function is called as, and how the audit names them.
func (r *request) invokeAs(raw json.RawMessage) (p hutch.Principal, as string, err error) {
	if s := string(bytes.TrimSpace(raw)); s == "" || s == "null" {
		return r.who, "operator", nil
	}
	var who struct {
		UID string `json:"uid"`
	}
	var word string
	if json.Unmarshal(raw, &word) != nil || word != "guest" {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if d.Decode(&who) != nil || who.UID == "" {
			return p, "", badBody("as", `as is null, "guest" or {"uid": "<id of a user>"}`)
		}
	}
	if r.srv.o.DataPage == nil {
		return p, "", &hutch.Error{Code: hutch.Unimplemented, Message: "this server looks as nobody else"}
	}
	if p, err = r.srv.o.DataPage.As(r.ctx, r.who, who.UID); err != nil {
		return p, "", hutch.AsError(err).At("as")
	}
	if who.UID == "" {
		return p, "guest", nil
	}
	return p, "user " + who.UID, nil
}
