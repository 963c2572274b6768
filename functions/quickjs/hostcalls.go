package quickjs

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var errNoRun = errors.New("the server can be asked during a run only")

// send starts a request of the code: id, operation, arguments. Operations on
// the database keep their order; the answer comes as a reply.
func (v *vm) send(args []any) (any, error) {
	r := v.run
	if r == nil {
		return nil, errNoRun
	}
	id, op, in, err := sendArgs(args)
	if err != nil {
		return nil, err
	}
	if r.open >= maxOpen {
		return nil, fmt.Errorf("more than %d requests wait for their answers", maxOpen)
	}
	r.open++
	before, after := r.tail, make(chan struct{})
	if op != opCall {
		r.tail = after
	}
	go func() {
		body, ok := r.turn(op, in, before)
		close(after) // before the reply: code that waits in its place takes none
		if !ok {
			return
		}
		select {
		case r.replies <- reply{id, body}:
		case <-r.end:
		}
	}()
	return nil, nil
}

// turn waits for the request's turn and asks; not ok: the run is over.
func (r *run) turn(op, in string, before chan struct{}) (body string, ok bool) {
	if op == opCall {
		select {
		case r.calls <- struct{}{}:
			defer func() { <-r.calls }()
		case <-r.end:
			return "", false
		}
	} else {
		select {
		case <-before:
		case <-r.end:
			return "", false
		}
	}
	return r.host(op, in), true
}

func sendArgs(args []any) (id int, op, in string, err error) {
	if len(args) != 3 {
		return 0, "", "", errors.New("malformed request")
	}
	id, ok1 := args[0].(int)
	op, ok2 := args[1].(string)
	in, ok3 := args[2].(string)
	if !ok1 || !ok2 || !ok3 {
		return 0, "", "", errors.New("malformed request")
	}
	return id, op, in, nil
}

// ask does a request in its place: operation, arguments.
func (v *vm) ask(args []any) (any, error) {
	r := v.run
	if r == nil {
		return nil, errNoRun
	}
	_, op, in, err := sendArgs(append([]any{0}, args...))
	if err != nil {
		return nil, err
	}
	select {
	case <-r.tail:
	case <-r.call.Ctx.Done():
		return nil, r.call.Ctx.Err()
	}
	return r.host(op, in), nil
}

// host asks the server; what goes wrong on the way is an answer too.
func (r *run) host(op, in string) string {
	out, err := r.call.Host(op, []byte(in))
	if err == nil && len(out) == 0 {
		err = errors.New("an empty answer")
	}
	if err != nil {
		return string(errorReply(err))
	}
	return string(out)
}

// wake sets the run's timer: ms from now, negative = none.
func (v *vm) wake(args []any) (any, error) {
	r := v.run
	if r == nil || len(args) != 1 {
		return nil, nil
	}
	var ms float64
	switch n := args[0].(type) {
	case int:
		ms = float64(n)
	case float64:
		ms = n
	}
	r.timer.Stop()
	if r.timed = ms >= 0; r.timed {
		r.timer.Reset(time.Duration(ms * float64(time.Millisecond)))
	}
	return nil, nil
}

// finished takes the outcome of an asynchronous run.
func (v *vm) finished(args []any) (any, error) {
	if v.run != nil && len(args) == 1 {
		if s, ok := args[0].(string); ok {
			v.run.finish(s)
		}
	}
	return nil, nil
}

// log passes a console line on, within the run's bounds.
func (r *run) log(level, line string) {
	if r.lines > maxLines || r.bytes > maxLogBytes {
		return
	}
	if len(line) > maxLine {
		line = strings.ToValidUTF8(line[:maxLine], "") + "..."
	}
	r.lines++
	r.bytes += len(line)
	if r.lines > maxLines || r.bytes > maxLogBytes {
		level, line = "warn", "the run said more than its log takes; the rest is left out"
	}
	_ = r.call.Note(opLog, []byte(level+"\n"+line))
}
