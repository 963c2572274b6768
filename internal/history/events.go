package history

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hutch-dev/hutch/data"
)

const (
	mostEvents = 1000
	eventKeep  = 32 * 24 * time.Hour
	eventText  = 300 // bytes
)

// What happened, as plots mark it.
const (
	Started      = "start"
	Reloaded     = "reload"
	ReloadFailed = "reloadFailed"
)

// Event is a moment that plots mark.
type Event struct {
	At   time.Time `json:"at" bson:"at"`
	Kind string    `json:"kind" bson:"kind" enum:"start,reload,reloadFailed"`
	Text string    `json:"text" bson:"text"`
	Node string    `json:"node" bson:"node"`
}

type eventDoc struct {
	ID    string    `bson:"_id"`
	Until time.Time `bson:"until"`
	Event `bson:",inline"`
}

const eventPrefix = "event/"

func isEvent(id string) bool { return strings.HasPrefix(id, eventPrefix) }

func eventID(at time.Time) string { return fmt.Sprintf("%s%013d", eventPrefix, at.UnixMilli()) }

// Mark notes an event. What cannot be stored is logged, and nothing else.
func (h *History) Mark(ctx context.Context, kind, text string) {
	if len(text) > eventText {
		text = text[:eventText]
		for !utf8.ValidString(text) {
			text = text[:len(text)-1]
		}
	}
	now := h.o.Now()
	e := eventDoc{eventID(now) + "/" + rand.Text(), now.Add(eventKeep), Event{now, kind, text, h.o.Node}}
	d, err := data.Marshal(e)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
		defer cancel()
		_, err = h.o.System.Commit(ctx, &data.Batch{Now: now, Writes: []data.Write{{
			Collection: Collection, ID: e.ID, Expect: data.AnyVersion,
			Next: func(data.Doc) (data.Doc, error) { return d, nil },
		}}})
	}
	if err != nil {
		h.o.Log.Warn("an event is not stored with the metrics", slog.String("kind", kind), slog.Any("error", err))
	}
}

func (h *History) events(ctx context.Context, from, to time.Time, node string) ([]Event, error) {
	q := data.Query{From: Collection, Limit: mostEvents, OrderBy: []data.Order{{Path: data.FieldID}}, Where: data.And(
		data.Where{Op: data.OpGte, Path: data.FieldID, Value: data.String(eventID(from))},
		data.Where{Op: data.OpLt, Path: data.FieldID, Value: data.String(eventID(to.Add(time.Minute)))},
	)}
	out := []Event{}
	for d, err := range h.o.System.Find(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("reading the events: %w", err)
		}
		var e eventDoc
		if err := data.Unmarshal(d, &e); err != nil {
			return nil, fmt.Errorf("reading the events: %w", err)
		}
		if node == "" || e.Node == node {
			out = append(out, e.Event)
		}
	}
	return out, nil
}
