package live

import (
	"encoding/json"
	"strconv"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const partBytes = 256 << 10 // of a snapshot's frame

// Frame is one message; many clients share it. Who writes it may keep in Wire
// what it made of it.
type Frame struct {
	Text []byte
	Wire atomic.Value
}

// delta is a group's changes of one commit, encoded once with `end` and once
// without, when somebody needs it.
type delta struct {
	q       string
	v       data.Position
	changes []byte
	more    *bool

	last, inner *Frame
}

// frame is the delta as a message; end marks the commit's last on a socket.
func (d *delta) frame(end bool) *Frame {
	if end {
		if d.last == nil {
			d.last = &Frame{Text: d.encode(true)}
		}
		return d.last
	}
	if d.inner == nil {
		d.inner = &Frame{Text: d.encode(false)}
	}
	return d.inner
}

func (d *delta) encode(end bool) []byte {
	b := make([]byte, 0, len(d.changes)+96)
	b = append(b, `{"t":"delta","q":"`...)
	b = append(b, d.q...)
	b = append(b, `","v":"`...)
	b = append(b, d.v...)
	b = append(b, `","ch":[`...)
	b = append(b, d.changes...)
	b = append(b, ']')
	if d.more != nil {
		b = append(b, `,"more":`...)
		b = strconv.AppendBool(b, *d.more)
	}
	if end {
		b = append(b, `,"end":true`...)
	}
	return append(b, '}')
}

func appendSet(out, doc []byte, at int, placed bool) []byte {
	out = comma(out)
	out = append(out, `{"op":"set","doc":`...)
	out = append(out, doc...)
	if placed {
		out = append(out, `,"at":`...)
		out = strconv.AppendInt(out, int64(at), 10)
	}
	return append(out, '}')
}

func appendGone(out []byte, id string, deleted bool) []byte {
	out = comma(out)
	if deleted {
		out = append(out, `{"op":"del","id":`...)
	} else {
		out = append(out, `{"op":"out","id":`...)
	}
	out = appendString(out, id)
	return append(out, '}')
}

func comma(out []byte) []byte {
	if len(out) > 0 {
		return append(out, ',')
	}
	return out
}

func appendString(b []byte, s string) []byte {
	js, err := json.Marshal(s)
	if err != nil { // cannot happen: strings encode
		return append(b, `""`...)
	}
	return append(b, js...)
}

// snapshot is the window as frames of at most 256 KiB, or one document.
func (g *group) snapshot(docs map[string][]byte) []*Frame {
	var frames []*Frame
	head := `{"t":"snap","q":"` + g.q + `","v":"` + string(g.hub.reached()) + `","docs":[`
	b := []byte(head)
	n := 0
	for i := range g.rows {
		doc := docs[g.rows[i].id]
		if n > 0 && len(b)+len(doc) > partBytes {
			frames = append(frames, &Frame{Text: append(b, "]}"...)})
			b, n = []byte(head), 0
		}
		if n > 0 {
			b = append(b, ',')
		}
		b = append(b, doc...)
		n++
	}
	b = append(b, `],"more":`...)
	b = strconv.AppendBool(b, g.more)
	return append(frames, &Frame{Text: append(b, `,"last":true}`...)})
}

var tooManySyncs = []byte(`{"t":"error","code":"resource_exhausted","message":"too many syncs wait","retryMs":1000}`)

func subbedFrame(id int64, q string, resume bool) []byte {
	b := append([]byte(`{"t":"subbed","id":`), strconv.FormatInt(id, 10)...)
	b = append(b, `,"q":"`+q+`","resume":`...)
	return append(strconv.AppendBool(b, resume), '}')
}

func endFrame(id int64, e *hutch.Error) []byte {
	b := append([]byte(`{"t":"end","id":`), strconv.FormatInt(id, 10)...)
	b = append(b, `,"code":"`+string(e.Code)+`","message":`...)
	b = appendString(b, e.Message)
	if e.Field != "" {
		b = append(b, `,"field":`...)
		b = appendString(b, e.Field)
	}
	if e.Hint != "" {
		b = append(b, `,"hint":`...)
		b = appendString(b, e.Hint)
	}
	return append(b, '}')
}

func resetFrame(q, why string) []byte {
	return []byte(`{"t":"reset","q":"` + q + `","why":"` + why + `"}`)
}

func commitFrame(v data.Position) []byte {
	return []byte(`{"t":"commit","v":"` + string(v) + `"}`)
}
