package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// live changes documents that n sockets watch; an operation is a delivery. Its
// latency is from the write's request to the frame's arrival.
func live(s *server, n int, length time.Duration) error {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards all
	var all []time.Duration
	var sent [1 << 16]atomic.Int64 // when number i was written, unix ns
	snaps := make(chan struct{}, n)
	socks := make([]*websocket.Conn, n)
	defer func() {
		for _, c := range socks {
			if c != nil {
				_ = c.Close()
			}
		}
		wg.Wait()
	}()
	for i := range socks {
		d := websocket.Dialer{Subprotocols: []string{"hutch.v1"}}
		c, res, err := d.Dial("ws://"+s.addr+"/realtime/v1", nil)
		if err != nil {
			return err
		}
		_ = res.Body.Close()
		socks[i] = c
		for _, f := range []string{
			`{"t":"hello","proto":1,"token":"` + s.token + `"}`,
			`{"t":"sub","id":1,"query":{"from":"items","where":{"cat":"live"}}}`,
		} {
			if err := c.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
				return err
			}
		}
		wg.Go(func() {
			var mine []time.Duration
			for {
				_, m, err := c.ReadMessage()
				if err != nil {
					break
				}
				switch {
				case bytes.Contains(m[:min(len(m), 16)], []byte(`"snap"`)):
					snaps <- struct{}{}
				case bytes.Contains(m[:min(len(m), 16)], []byte(`"delta"`)):
					for rest := m; ; {
						at := bytes.Index(rest, []byte(`"rank":`))
						if at < 0 {
							break
						}
						rest = rest[at+7:]
						end := bytes.IndexAny(rest, ",}")
						if k, err := strconv.Atoi(string(rest[:end])); err == nil {
							mine = append(mine, time.Duration(time.Now().UnixNano()-sent[k%len(sent)].Load()))
						}
					}
				}
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	for range n {
		select {
		case <-snaps:
		case <-time.After(30 * time.Second):
			return fmt.Errorf("not every snapshot came")
		}
	}
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.c.Close()
	r := rand.New(rand.NewPCG(1, 2))
	id := "live" + strconv.FormatUint(r.Uint64(), 36)
	before, begun := s.cpu(), time.Now()
	writes := 0
	for ; time.Since(begun) < length; writes++ {
		sent[writes%len(sent)].Store(time.Now().UnixNano())
		body := fmt.Appendf(nil, `{"owner":%q,"cat":"live","rank":%d,"public":true,"title":"watched by many"}`, s.uid, writes)
		if status, b, err := c.do("PUT", "/data/v1/docs/items/"+id, s.token, body); err != nil || status > 201 {
			return fmt.Errorf("writing: %d %s (%v)", status, b, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(time.Second)
	took, used := time.Since(begun), s.cpu()-before
	for _, c := range socks {
		_ = c.Close()
	}
	wg.Wait()
	if len(all) != n*writes {
		return fmt.Errorf("%d deliveries of %d", len(all), n*writes)
	}
	row("live delivery", n, all, took, used)
	return nil
}
