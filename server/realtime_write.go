package server

import (
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data/live"
)

// notify makes sure that somebody writes what is queued.
func (s *socket) notify() {
	for {
		switch s.writing.Load() {
		case 0:
			if s.writing.CompareAndSwap(0, 1) {
				go s.write()
				return
			}
		case 1:
			if s.writing.CompareAndSwap(1, 2) {
				return
			}
		default:
			return
		}
	}
}

// write empties the queue and ends; it lives only while there is something.
func (s *socket) write() {
	var frames []*live.Frame
	var batch []*websocket.PreparedMessage
	for {
		s.writing.Store(1)
		frames = s.client.Take(frames[:0])
		if len(frames) == 0 {
			if e := s.ending.Load(); e != nil {
				s.farewell(e)
			}
			if s.writing.CompareAndSwap(1, 0) {
				return
			}
			continue
		}
		batch = batch[:0]
		for _, f := range frames {
			m, err := prepared(f)
			if err != nil {
				continue
			}
			batch = append(batch, m)
		}
		clear(frames)
		if err := WriteBatch(s.conn, batch, time.Now().Add(stuckTime)); err != nil {
			_ = s.conn.Close() // the reader sees it and tidies up
			s.writing.Store(0)
			return
		}
	}
}

// prepared frames a message once for all sockets that send it.
func prepared(f *live.Frame) (*websocket.PreparedMessage, error) {
	if m, ok := f.Wire.Load().(*websocket.PreparedMessage); ok {
		return m, nil
	}
	m, err := websocket.NewPreparedMessage(websocket.TextMessage, f.Text)
	if err == nil {
		f.Wire.Store(m)
	}
	return m, err
}

func errorFrame(e *hutch.Error) []byte {
	b := append([]byte(`{"t":"error","code":"`), e.Code...)
	b = append(b, `","message":`...)
	b = appendString(b, e.Message)
	if e.Code == hutch.ResourceExhausted || e.Code == hutch.Unavailable {
		retry := e.RetryAfter
		if retry == 0 {
			retry = time.Second
		}
		b = append(b, `,"retryMs":`...)
		b = strconv.AppendInt(b, retry.Milliseconds(), 10)
	}
	return append(b, '}')
}

// refuse ends a socket that has no client yet.
func (s *socket) refuse(code int, e *hutch.Error) {
	deadline := time.Now().Add(time.Second)
	_ = s.conn.SetWriteDeadline(deadline)
	_ = s.conn.WriteMessage(websocket.TextMessage, errorFrame(e))
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, string(e.Code)), deadline)
	_ = s.conn.Close()
}

// end queues an error as the last frame and closes once it is written.
func (s *socket) end(code int, e *hutch.Error) {
	if s.client == nil {
		s.refuse(code, e)
		return
	}
	s.client.Send(errorFrame(e))
	s.ending.CompareAndSwap(nil, &ending{code, string(e.Code)})
	s.notify()
}

// bye tells the client to come back later and closes.
func (s *socket) bye(retry time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		_ = s.conn.Close()
		return
	}
	s.client.Send(append(strconv.AppendInt([]byte(`{"t":"bye","why":"restart","retryMs":`), retry.Milliseconds(), 10), '}'))
	s.ending.CompareAndSwap(nil, &ending{closeRestart, "restart"})
	s.notify()
}

// farewell closes an ending socket whose queue is written.
func (s *socket) farewell(e *ending) {
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(e.code, e.reason), time.Now().Add(time.Second))
	_ = s.conn.Close()
}
