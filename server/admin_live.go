package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
)

const liveRows = 200 // of a page

// liveRoutes show a node's live queries. Connections name users and groups hold
// values of queries: they are for operators alone.
func liveRoutes() []*Route {
	get := http.MethodGet
	const at = "/admin/v1/live"
	return []*Route{
		{Method: get, Path: at, About: "live queries of this node in numbers", Scope: hutch.ScopeOps, Query: []string{}, handle: liveOverview, Out: liveOut{}},
		{Method: get, Path: at + "/connections", About: "the sockets of this node", Query: []string{"search", "group", "slow", "sort", "after", "limit"}, handle: liveConnections, Out: connectionsOut{}},
		{Method: get, Path: at + "/connections/{id}", About: "a socket and what it follows", Query: []string{}, handle: liveConnection, Out: connectionSubsOut{}},
		{Method: http.MethodDelete, Path: at + "/connections/{id}", About: "close a socket", Query: []string{}, handle: closeConnection},
		{Method: get, Path: at + "/groups", About: "the groups of subscriptions that see the same, the largest first", Query: []string{"collection", "limit"}, handle: liveGroups, Out: groupsOut{}},
	}
}

// Node is one that serves the app.
type Node struct {
	ID      string    `json:"id"` // "" where there is one only
	Host    string    `json:"host"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	This    bool      `json:"this"` // the one that answers
}

type liveOut struct {
	Nodes         []Node    `json:"nodes"` // the one that answers first
	Hint          string    `json:"hint,omitempty"`
	At            time.Time `json:"at"`
	Since         time.Time `json:"since"` // that the counters count
	Epoch         string    `json:"epoch"`
	Position      string    `json:"position"` // that clients have been told everything up to
	Feed          string    `json:"feed"`     // the newest that the node has heard of
	Silent        bool      `json:"silent"`   // the feed says nothing: nothing is delivered
	Connections   int       `json:"connections"`
	Limit         int       `json:"limit"`
	Users         int       `json:"users"`
	Guests        int       `json:"guests"`
	Others        int       `json:"others"`
	Unproven      int       `json:"unproven"` // that have not said hello
	Slow          int       `json:"slow"`
	Subscriptions int       `json:"subscriptions"`
	Groups        int       `json:"groups"`
	QueuedBytes   int       `json:"queuedBytes"`
	Frames        uint64    `json:"frames"` // delivered
	Resets        uint64    `json:"resets"`
	Served        uint64    `json:"served"` // sockets
	Refused       uint64    `json:"refused"`
}

func liveOverview(r *request) error {
	l, err := r.live()
	if err != nil {
		return err
	}
	o := l.Overview()
	out := liveOut{
		Nodes: []Node{}, At: r.srv.now(), Since: o.Started, Epoch: o.Epoch, Position: string(o.Position), Feed: string(o.Feed), Silent: o.Silent,
		Connections: o.Connections, Limit: o.Most, Users: o.Users, Guests: o.Guests, Others: o.Others, Unproven: o.Unproven, Slow: o.Slow,
		Subscriptions: o.Subscriptions, Groups: o.Totals.Groups, QueuedBytes: o.Queued, Frames: o.Given, Resets: o.Totals.Resets,
		Served: o.Served, Refused: o.Refused,
	}
	if r.srv.o.Nodes != nil {
		out.Nodes = append(out.Nodes, r.srv.o.Nodes()...)
	}
	if len(out.Nodes) > 1 {
		out.Hint = "Each node knows its own connections only: ask the others at their own addresses."
	}
	return r.sendJSON(out, nil)
}

func (r *request) live() (Live, error) {
	if r.srv.o.Live == nil {
		return nil, &hutch.Error{Code: hutch.Unimplemented, Message: "live queries are off"}
	}
	return r.srv.o.Live, nil
}

type connectionOut struct {
	ID            string    `json:"id"`
	Kind          string    `json:"kind"` // hello: it has not said it; guest, user, service, operator
	UID           string    `json:"uid"`
	Email         string    `json:"email"`
	Actor         string    `json:"actor"`   // who acts in the user's name
	Console       string    `json:"console"` // the operator whose console it is
	IP            string    `json:"ip"`
	Agent         string    `json:"agent"`
	Client        string    `json:"client"` // what hello says of it
	Origin        string    `json:"origin"`
	Since         time.Time `json:"since"`
	Subscriptions int       `json:"subscriptions"`
	QueuedBytes   int       `json:"queuedBytes"`
	QueuedFrames  int       `json:"queuedFrames"`
	WaitsMs       int64     `json:"waitsMs"` // since the queue was last empty
	Slow          bool      `json:"slow"`
	Lagging       bool      `json:"lagging"` // waits for a snapshot until it has read its queue
	Position      string    `json:"position"`
	Frames        uint64    `json:"frames"`
	Resets        uint64    `json:"resets"`
}

type connectionsOut struct {
	Connections []connectionOut `json:"connections"`
	Next        string          `json:"next"`
}

func liveConnections(r *request) error {
	l, err := r.live()
	if err != nil {
		return err
	}
	q := ConnectionQuery{Search: r.param("search"), Group: r.param("group"), Sort: r.param("sort")}
	if q.Limit, err = r.rows(); err != nil {
		return err
	}
	if q.Sort != "" && q.by() == nil {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "sort", Message: "sort is queued or subscriptions"}
	}
	switch r.param("slow") {
	case "", "false":
	case "true":
		q.Slow = true
	default:
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "slow", Message: "slow is true or false"}
	}
	if s := r.param("after"); s != "" {
		if q.After, err = strconv.ParseUint(s, 10, 64); err != nil || q.Sort != "" {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "after", Message: "after is what next said, and not with sort"}
		}
	}
	rows, next := l.Connections(q)
	out := connectionsOut{Connections: make([]connectionOut, len(rows))}
	for i := range rows {
		out.Connections[i] = showConnection(&rows[i])
	}
	if next > 0 {
		out.Next = strconv.FormatUint(next, 10)
	}
	return r.sendJSON(out, nil)
}

type joinedOut struct {
	ID         int64           `json:"id"`
	State      string          `json:"state"` // waiting: for a snapshot; active; lagging: for its client
	Q          string          `json:"q"`     // the group
	Query      json.RawMessage `json:"query"`
	Collection string          `json:"collection"`
	Members    int             `json:"members"` // clients of the group
	Rows       int             `json:"rows"`
	More       bool            `json:"more"`
	Ready      bool            `json:"ready"`
	ReadAt     string          `json:"readAt"` // the position of the group's last read
}

type connectionSubsOut struct {
	Connection    connectionOut `json:"connection"`
	Subscriptions []joinedOut   `json:"subscriptions"` // the first of them, by id; the connection has their number
}

func liveConnection(r *request) error {
	l, err := r.live()
	if err != nil {
		return err
	}
	c, subs, ok := l.Connection(r.params[0], liveRows)
	if !ok {
		return noConnection()
	}
	out := connectionSubsOut{Connection: showConnection(&c), Subscriptions: make([]joinedOut, len(subs))}
	for i := range subs {
		g := &subs[i].Group
		js, err := g.Query.AppendJSON(nil)
		if err != nil {
			return err
		}
		out.Subscriptions[i] = joinedOut{
			ID: subs[i].ID, State: subs[i].State, Q: g.Q, Query: js, Collection: g.Query.From, Members: g.Members, Rows: g.Rows, More: g.More,
			Ready: g.Ready, ReadAt: string(g.ReadAt),
		}
	}
	return r.sendJSON(out, nil)
}

func noConnection() error {
	return &hutch.Error{Code: hutch.NotFound, Message: "no such connection", Hint: "this node knows its own only"}
}

func showConnection(c *Connection) connectionOut {
	kind := "hello"
	if c.Proven {
		kind = c.Who.Kind.String()
	}
	return connectionOut{
		ID: c.ID, Kind: kind, UID: c.Who.UID, Email: c.Who.Email, Actor: c.Who.Actor, Console: c.Console, IP: c.IP, Agent: c.Agent, Client: c.App,
		Origin: c.Origin, Since: c.Since, Subscriptions: c.Subscriptions, QueuedBytes: c.Queued, QueuedFrames: c.State.Frames,
		WaitsMs: c.Waits.Milliseconds(), Slow: c.Slow, Lagging: c.Lagging, Position: string(c.Position), Frames: c.Given, Resets: c.Resets,
	}
}

// rows reads limit.
func (r *request) rows() (int, error) {
	s := r.param("limit")
	if s == "" {
		return liveRows, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > liveRows {
		return 0, &hutch.Error{Code: hutch.InvalidArgument, Field: "limit", Message: "limit goes from 1 to " + strconv.Itoa(liveRows)}
	}
	return n, nil
}

func closeConnection(r *request) error {
	l, err := r.live()
	if err != nil {
		return err
	}
	cut, ok := l.Disconnect(r.params[0])
	if !ok {
		return noConnection()
	}
	if err := r.note("live.close", r.params[0], nil); err != nil {
		return err
	}
	cut()
	r.empty(http.StatusNoContent)
	return nil
}

type groupOut struct {
	Q             string          `json:"q"`
	Query         json.RawMessage `json:"query"`
	Collection    string          `json:"collection"`
	Rule          string          `json:"rule"`   // always, filter, scan: read document by document
	Shared        string          `json:"shared"` // all; alike: whose rights make the same filter; one: who is the only one
	Members       int             `json:"members"`
	Subscriptions int             `json:"subscriptions"`
	Waiting       int             `json:"waiting"`
	Lagging       int             `json:"lagging"`
	Rows          int             `json:"rows"`
	More          bool            `json:"more"`
	Ready         bool            `json:"ready"`
	Reading       bool            `json:"reading"`
	Paused        bool            `json:"paused"`
	Reads         uint64          `json:"reads"`
	ReadAt        string          `json:"readAt"` // the position of the last read
	ReadOn        *time.Time      `json:"readOn"`
}

type groupsOut struct {
	Groups []groupOut `json:"groups"`
	Next   string     `json:"next"` // "": the largest are all that is shown
	All    int        `json:"all"`
}

func liveGroups(r *request) error {
	l, err := r.live()
	if err != nil {
		return err
	}
	q := GroupQuery{Collection: r.param("collection")}
	if q.Limit, err = r.rows(); err != nil {
		return err
	}
	rows, all, err := l.Groups(r.ctx, q)
	if err != nil {
		return hutch.Errorf(hutch.Unavailable, "looking at groups: %w", err)
	}
	out := groupsOut{Groups: make([]groupOut, len(rows)), All: all}
	for i := range rows {
		if out.Groups[i], err = showGroup(&rows[i]); err != nil {
			return err
		}
	}
	return r.sendJSON(out, nil)
}

func showGroup(g *live.GroupState) (groupOut, error) {
	js, err := g.Query.AppendJSON(nil)
	if err != nil {
		return groupOut{}, err
	}
	out := groupOut{
		Q: g.Q, Query: js, Collection: g.Query.From, Rule: "filter", Shared: "alike", Members: g.Members, Subscriptions: g.Subscriptions,
		Waiting: g.Waiting, Lagging: g.Lagging, Rows: g.Rows, More: g.More, Ready: g.Ready, Reading: g.Reading, Paused: g.Paused,
		Reads: g.Reads, ReadAt: string(g.ReadAt),
	}
	switch {
	case g.Rule.Kind == data.FilterAlways:
		out.Rule, out.Shared = "always", "all"
	case !g.Rule.Exact:
		out.Rule, out.Shared = "scan", "one"
	}
	if !g.ReadOn.IsZero() {
		out.ReadOn = &g.ReadOn
	}
	return out, nil
}
