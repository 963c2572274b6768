package server

import (
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// hello reads the first frame and answers it; false when the socket is over.
func (s *socket) hello() bool {
	text, ok := s.read(helloBytes)
	if !ok {
		return false
	}
	f, err := data.ParseJSON(text, messageDepth)
	if err != nil || data.Text(data.Field(f, "t")) != "hello" {
		s.refuse(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Message: "the first frame is hello"})
		return false
	}
	if n, ok := data.Integer(data.Field(f, "proto")); !ok || n != 1 {
		s.refuse(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Field: "proto", Message: "this server speaks proto 1"})
		return false
	}
	cl, ok := claimOf(f)
	if !ok {
		s.refuse(closeAuth, errToken)
		return false
	}
	news := s.realtime.news.Load()
	p, exp, by, err := s.authenticate(cl)
	if err == nil && by != nil {
		err = s.note(by, cl)
	}
	if err != nil {
		s.refuse(authCode(err), hutch.AsError(err))
		return false
	}
	if !s.realtime.proven(s, p.IsGuest()) {
		s.realtime.refused.Add(1)
		s.refuse(closeCrowd, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many connections of this address"})
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending.Load() != nil { // the server is stopping
		return false
	}
	s.claim, s.app = cl, clipped(data.Text(data.Field(f, "client")), maxApp)
	s.act(&p, by)
	hub := s.realtime.o.Hub
	s.client = hub.Connect(p, s.request(), s.notify)
	s.expire(exp)
	b := append([]byte(`{"t":"welcome","proto":1,"session":`), quoted(s.name)...)
	b = append(b, `,"epoch":`+quoted(hub.Epoch())+`,"v":`+quoted(string(hub.Position()))...)
	b = appendWho(b, &p, exp)
	b = append(b, `,"limits":{"subs":`...)
	b = strconv.AppendInt(b, int64(s.limit()), 10)
	b = append(b, `,"frame":`...)
	b = strconv.AppendInt(b, messageBytes, 10)
	b = append(b, `},"ping":`...)
	b = strconv.AppendInt(b, int64(pingTime/time.Second), 10)
	s.greeted.Store(true) // who has read the welcome is listed with the proven
	s.client.Send(append(b, '}'))
	if s.realtime.news.Load() != news { // what changed meanwhile may concern p
		s.check()
	}
	return s.ending.Load() == nil
}

// authCode is the close code of a refused token: 4001, or 1001 where the store
// does not answer.
func authCode(err error) int {
	if hutch.CodeOf(err) == hutch.Unauthenticated {
		return closeAuth
	}
	return closeRestart
}

// appendWho adds uid and exp (unix seconds), null for guests.
func appendWho(b []byte, p *hutch.Principal, exp time.Time) []byte {
	b = append(b, `,"uid":`...)
	if p.Kind == hutch.User {
		b = append(b, quoted(p.UID)...)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"exp":`...)
	if exp.IsZero() {
		return append(b, "null"...)
	}
	return strconv.AppendInt(b, exp.Unix(), 10)
}

var errToken = &hutch.Error{Code: hutch.Unauthenticated, Message: "token and as are text"}

// claimOf is the frame's token, and whom an operator wants to look through;
// absent and null are a guest.
func claimOf(f data.Doc) (cl claim, ok bool) {
	text := func(name string) (string, bool) {
		v := data.Field(f, name)
		if v.IsZero() || data.IsNull(v) {
			return "", true
		}
		t, ok := v.StringValueOK()
		return t, ok && t != ""
	}
	if cl.token, ok = text("token"); !ok {
		return cl, false
	}
	cl.through = !data.Field(f, "as").IsZero()
	cl.as, ok = text("as")
	return cl, ok
}

// frame does what a frame asks; false when the socket is over.
func (s *socket) frame(text []byte) bool {
	f, err := data.ParseJSON(text, messageDepth)
	if err != nil {
		s.finishWith(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Message: "a frame is one JSON object: " + hutch.AsError(err).Message})
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending.Load() != nil { // the last frame is queued
		return false
	}
	switch t := data.Text(data.Field(f, "t")); t {
	case "sub":
		s.subs(f)
	case "unsub":
		if id, ok := idOfFrame(f); ok {
			s.client.Unsub(id)
			s.realtime.subscribe(s, s.client.Subscriptions())
		} else {
			s.complain(hutch.InvalidArgument, "id is a whole number")
		}
	case "sync":
		v := data.Text(data.Field(f, "v"))
		if !position(v) {
			s.complain(hutch.InvalidArgument, "v is a position: 16 lower-case hex digits")
			break
		}
		s.client.Sync(data.Position(v))
	case "ping":
		n, _ := data.Integer(data.Field(f, "n"))
		s.client.Send(append(strconv.AppendInt([]byte(`{"t":"pong","n":`), n, 10), '}'))
	case "auth":
		return s.auth(f)
	case "known": // a snapshot answers it until there is resume
	case "more":
		s.complain(hutch.Unimplemented, "windows do not widen in this version")
	case "hello":
		s.end(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Message: "hello comes once"})
		return false
	default:
		s.complain(hutch.InvalidArgument, "unknown frame")
	}
	return true
}

// complain tells of a frame that was not understood; the socket goes on.
func (s *socket) complain(code hutch.Code, message string) {
	s.client.Send(errorFrame(&hutch.Error{Code: code, Message: message}))
}

// auth takes a refreshed token, another user's, or null.
func (s *socket) auth(f data.Doc) bool {
	cl, ok := claimOf(f)
	if !ok {
		s.end(closeAuth, errToken)
		return false
	}
	news := s.realtime.news.Load()
	p, exp, by, err := s.authenticate(cl)
	if err == nil && by != nil {
		err = s.note(by, cl)
	}
	if err != nil {
		s.end(authCode(err), hutch.AsError(err))
		return false
	}
	if !s.realtime.proven(s, p.IsGuest()) {
		s.end(closeCrowd, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many connections of this address"})
		return false
	}
	s.claim = cl
	answer := append(appendWho([]byte(`{"t":"auth"`), &p, exp), '}')
	if s.held != nil || !same(s.who.Load(), &p) {
		s.become(p, by, exp, answer)
	} else {
		s.act(&p, by)
		s.expire(exp)
		s.client.Send(answer)
	}
	if s.realtime.news.Load() != news {
		s.check()
	}
	return s.ending.Load() == nil
}

// trim ends what a principal with a lower limit has too many of.
func (s *socket) trim() {
	for _, id := range s.client.IDs() {
		n := s.client.Subscriptions()
		if n <= s.limit() && s.realtime.subscribe(s, n) {
			break
		}
		s.client.Unsub(id)
		s.client.Refuse(id, errTooManySubs())
	}
	s.realtime.subscribe(s, s.client.Subscriptions())
}

func errTooManySubs() error {
	return &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many subscriptions"}
}

// subs is {"t":"sub","id","query"} or {"t":"sub","subs":[..]}.
func (s *socket) subs(f data.Doc) {
	list := data.Field(f, "subs")
	if list.IsZero() {
		s.sub(f)
		return
	}
	a, ok := list.ArrayOK()
	if !ok {
		s.complain(hutch.InvalidArgument, "subs is a list")
		return
	}
	vs, err := a.Values()
	if err != nil {
		s.complain(hutch.InvalidArgument, "subs is a list")
		return
	}
	if most := s.realtime.o.Limits.Subscriptions; len(vs) > most {
		s.complain(hutch.ResourceExhausted, "subs holds at most "+strconv.Itoa(most))
		return
	}
	for _, v := range vs {
		d, ok := v.DocumentOK()
		if !ok {
			s.complain(hutch.InvalidArgument, "subs holds objects")
			return
		}
		if !s.sub(d) {
			return
		}
	}
}

// sub answers one subscription; false when it has no id to answer to.
func (s *socket) sub(f data.Doc) bool {
	id, ok := idOfFrame(f)
	if !ok {
		s.complain(hutch.InvalidArgument, "id is a whole number")
		return false
	}
	s.client.Unsub(id) // a reused id ends the old subscription, whatever becomes of the new
	if err := s.subscribe(id, f); err != nil {
		s.client.Refuse(id, err)
	}
	s.realtime.subscribe(s, s.client.Subscriptions())
	return true
}

func (s *socket) subscribe(id int64, f data.Doc) error {
	if v := data.Field(f, "count"); !v.IsZero() {
		if count, ok := v.BooleanOK(); !ok || count {
			return &hutch.Error{Code: hutch.Unimplemented, Field: "count", Message: "live counts come later"}
		}
	}
	d, ok := data.Field(f, "query").DocumentOK()
	if !ok {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "query", Message: "query is an object"}
	}
	q, err := data.ParseQuery(d)
	if err != nil {
		return hutch.AsError(err).At("query")
	}
	if s.held != nil {
		return s.held
	}
	if n := s.client.Subscriptions() + 1; n > s.limit() || !s.realtime.subscribe(s, n) {
		return errTooManySubs()
	}
	s.client.Sub(s.realtime.ctx, id, q)
	return nil
}

func idOfFrame(f data.Doc) (int64, bool) {
	id, ok := data.Integer(data.Field(f, "id"))
	return id, ok && id >= -1<<53 && id <= 1<<53
}

func position(v string) bool {
	if len(v) != 16 {
		return false
	}
	for i := range len(v) {
		if c := v[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
