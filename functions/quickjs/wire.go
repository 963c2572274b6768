package quickjs

import (
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
)

// handlerName is the name of the handler in a child.
const handlerName = "js"

// What a child asks of the server beside the operations of functions.DBOps.
const (
	opBundle = "bundle" // a key in, a program out
	opCall   = "call"   // {name, data} in, {data} out
	opLog    = "log"    // a note: level, newline, line
)

// The first byte of a run's outcome; the second is '1' where the VM was new.
const (
	tagValue    = 'v' // JSON
	tagNothing  = 'u'
	tagResponse = 'r' // wireResponse
	tagHutch    = 'h' // wireFailure
	tagThrow    = 'x' // wireFailure
	tagTime     = 't'
	tagLarge    = 'l'
)

// The first byte of the answer to a host call.
const (
	replyOK    = '+' // JSON
	replyError = '-' // wireError
)

const (
	maxResult   = 1 << 20
	maxResponse = 6 << 20 // a Response as JSON
	maxLine     = 8 << 10
	maxLogBytes = 64 << 10
	maxLines    = 256
	userLine    = 100_001 // where a bundle begins in its script, to tell its frames apart
)

// program is what a child needs of a bundle: header, newline, code.
type program struct {
	Function string `json:"function"`
	Memory   int64  `json:"memory"`
	Admin    bool   `json:"admin"`
}

// wireFailure is a throw as the prelude tells it.
type wireFailure struct {
	Code    hutch.Code      `json:"code"`
	Reason  hutch.Reason    `json:"reason"`
	Message string          `json:"message"`
	Field   string          `json:"field"`
	Hint    string          `json:"hint"`
	Details json.RawMessage `json:"details"`
	Retry   *bool           `json:"retry"`
	Name    string          `json:"name"`
	Text    string          `json:"text"`
	Stack   string          `json:"stack"`
}

// wireError is the server's error on its way to the code.
type wireError struct {
	Code    hutch.Code      `json:"code"`
	Reason  hutch.Reason    `json:"reason,omitempty"`
	Message string          `json:"message"`
	Field   string          `json:"field,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Details json.RawMessage `json:"details,omitempty"`
	RetryMs int64           `json:"retryMs,omitempty"`
}

// wireResponse is a Response object; the body is text or base64.
type wireResponse struct {
	Status  int         `json:"status"`
	Headers [][2]string `json:"headers"`
	Text    *string     `json:"text"`
	Bytes   []byte      `json:"bytes"`
}

func errorReply(err error) []byte {
	e := hutch.AsError(err)
	w := wireError{
		Code: e.Code, Reason: e.Reason, Message: e.Message, Field: e.Field, Hint: e.Hint,
		Details: e.Details, RetryMs: int64(e.RetryAfter / time.Millisecond),
	}
	b, err := json.Marshal(w)
	if err != nil { // details that are no JSON
		w.Details = nil
		b, _ = json.Marshal(w)
	}
	return append([]byte{replyError}, b...)
}
