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
	if s.client.Stuck() {
		go s.slow()
		return
	}
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
		now := time.Now()
		e, until := s.ending.Load(), now.Add(s.realtime.o.Times.Stuck)
		if e != nil {
			until = e.until
		}
		last := e != nil && e.queued.Load() // asked before Take: then it has all
		if s.control(until) != nil {
			s.hangUp()
			return
		}
		frames = s.client.Take(frames[:0])
		if len(frames) == 0 {
			if last {
				s.farewell(e)
				return
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
		s.sending.Store(now.UnixNano())
		if err := WriteBatch(s.conn, batch, until); err != nil {
			s.hangUp() // the reader sees it and tidies up
			return
		}
		s.sending.Store(0)
		s.realtime.sent.Add(uint64(len(batch)))
	}
}

// control writes what pings are due: only the writer writes, as a deadline is
// the connection's and another's would cut a batch short.
func (s *socket) control(until time.Time) error {
	if text := s.pong.Swap(nil); text != nil {
		if err := s.conn.WriteControl(websocket.PongMessage, []byte(*text), until); err != nil {
			return err
		}
	}
	if s.ping.Swap(false) {
		return s.conn.WriteControl(websocket.PingMessage, nil, until)
	}
	return nil
}

// slow gives up a client that does not read its answers. It is told when its
// connection takes anything at all.
func (s *socket) slow() {
	if s.ending.CompareAndSwap(nil, &ending{code: closeSlow, reason: "slow", until: time.Now()}) {
		s.realtime.slowed.Add(1)
		s.realtime.slowAt.Store(s.realtime.o.Now().Unix())
	}
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeSlow, "slow"), time.Now().Add(leaveTime))
	s.hangUp()
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

// refuse ends a socket that has no client yet; of the reading goroutine.
func (s *socket) refuse(code int, e *hutch.Error) {
	deadline := time.Now().Add(leaveTime)
	_ = s.conn.SetWriteDeadline(deadline)
	_ = s.conn.WriteMessage(websocket.TextMessage, errorFrame(e))
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, string(e.Code)), deadline)
	s.drain()
}

// finishWith is end for those who do not hold s.mu.
func (s *socket) finishWith(code int, e *hutch.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(code, e)
}

// end drops what waits, makes an error the last frame and closes once it is
// written; s.mu is held.
func (s *socket) end(code int, e *hutch.Error) {
	if s.client == nil {
		s.refuse(code, e)
		return
	}
	s.last(code, string(e.Code), errorFrame(e), false)
}

// last queues the last frame; s.mu is held.
func (s *socket) last(code int, reason string, frame []byte, keep bool) {
	e := &ending{code: code, reason: reason, until: time.Now().Add(s.realtime.o.Times.Stuck)}
	if !s.ending.CompareAndSwap(nil, e) {
		return
	}
	s.client.Finish(frame, keep)
	e.queued.Store(true)
	s.notify()
}

// bye tells the client to come back later and closes.
func (s *socket) bye(retry time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		s.ending.Store(&ending{code: closeRestart})
		_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeRestart, "restart"), time.Now().Add(leaveTime))
		s.hangUp()
		return
	}
	s.last(closeRestart, "restart", append(strconv.AppendInt([]byte(`{"t":"bye","why":"restart","retryMs":`), retry.Milliseconds(), 10), '}'), true)
}

// cut is bye by an operator: nothing but it is written any more, and not for long.
func (s *socket) cut(retry time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		s.ending.CompareAndSwap(nil, &ending{code: closeRestart})
		s.hangUp()
		return
	}
	s.last(closeRestart, "closed", append(strconv.AppendInt([]byte(`{"t":"bye","why":"closed","retryMs":`), retry.Milliseconds(), 10), '}'), false)
	s.realtime.o.After(cutAfter, s.hangUp)
}

// farewell closes an ending socket whose queue is written: the reader hangs up
// when the client has read it.
func (s *socket) farewell(e *ending) {
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(e.code, e.reason), e.until)
	_ = s.conn.SetReadDeadline(time.Now().Add(leaveTime))
	s.once.Do(func() { close(s.over) })
}
