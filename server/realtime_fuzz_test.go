package server_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// FuzzSocketFrames sends lines as frames: each answer is a documented frame, and
// the socket goes on or is closed with a documented code.
func FuzzSocketFrames(f *testing.F) {
	for _, seed := range []string{
		`{"t":"sub","id":7,"query":{"from":"pets","where":{"org":"o1"},"orderBy":[["price","desc"]],"limit":50,"select":["price"]}}`,
		`{"t":"sub","subs":[{"id":7,"query":{"from":"pets"},"q":"Q9","since":"000000000000002a"},{"id":8,"query":{"from":"pets"},"count":true}]}`,
		"{\"t\":\"known\",\"id\":7,\"known\":{\"a\":3}}\n{\"t\":\"more\",\"id\":7,\"limit\":150}",
		"{\"t\":\"sub\",\"id\":1,\"query\":{\"from\":\"pets\",\"limit\":1}}\n{\"t\":\"auth\",\"token\":\"bob\"}\n{\"t\":\"auth\",\"token\":null}\n{\"t\":\"unsub\",\"id\":1}",
		"{\"t\":\"sync\",\"v\":\"0000000000000000\"}\n{\"t\":\"sync\",\"v\":\"ffffffffffffffff\"}\n{\"t\":\"ping\",\"n\":-5}",
		`{"t":"hello","proto":1}`, `{"t":"auth","token":"x"}`, "", "\x00", "\xff", `{"t":"sub","id":1e3,"query":{"from":"pets","where":{"a":{"$in":[]}}}}`,
	} {
		f.Add(seed)
	}
	s := startLive(f)
	s.put(f, "a", doc("ann", 1))
	s.put(f, "b", `{"public":true,"price":5}`)
	kinds := []string{"welcome", "auth", "subbed", "snap", "delta", "commit", "reset", "end", "error", "pong", "bye"}
	f.Fuzz(func(t *testing.T, lines string) {
		c := s.greet(t, "ann")
		defer c.Close()
		frames := strings.Split(lines, "\n")
		for _, line := range frames[:min(len(frames), 150)] {
			if c.WriteMessage(websocket.TextMessage, []byte(line)) != nil {
				break
			}
		}
		_ = c.WriteMessage(websocket.TextMessage, []byte(`{"t":"ping","n":4711}`))
		for {
			_, b, err := c.ReadMessage()
			if ce, ok := errors.AsType[*websocket.CloseError](err); ok {
				if !slices.Contains([]int{1009, 4000, 4001, 4008, 4009, 4013}, ce.Code) {
					t.Fatalf("%q is closed with %v", lines, ce)
				}
				return
			} else if err != nil {
				t.Fatalf("%q: %v", lines, err)
			}
			var head struct {
				T string `json:"t"`
				N int64  `json:"n"`
			}
			if err := json.Unmarshal(b, &head); err != nil || !slices.Contains(kinds, head.T) {
				t.Fatalf("%q is answered %s", lines, b)
			}
			if head.T == "pong" && head.N == 4711 {
				return
			}
		}
	})
}
