package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func preflight(t *testing.T, url, origin string) (allowed, credentials string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Origin", origin)
	req.Header.Set("Access-Control-Request-Method", "GET")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header.Get("Access-Control-Allow-Origin"), resp.Header.Get("Access-Control-Allow-Credentials")
}

// load writes to a server until it is gone and knows what was acknowledged.
type load struct {
	url, key string
	client   *http.Client
	next     atomic.Int64
	sent     atomic.Int64 // increments
	acked    atomic.Int64 // of these, answered with 200
	mu       sync.Mutex   // guards pairs
	pairs    []string     // commits of two documents that were acknowledged
}

func (l *load) post(path, body string) (status int, text string, err error) {
	req, err := http.NewRequest(http.MethodPost, l.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+l.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

// run writes commits of a pair of documents and an increment of one counter.
func (l *load) run(stop <-chan struct{}) error {
	for {
		select {
		case <-stop:
			return nil
		default:
		}
		id := strconv.FormatInt(l.next.Add(1), 10)
		l.sent.Add(1)
		status, body, err := l.post("/data/v1/commit", `{"writes":[
			{"op":"create","in":"notes","id":"a`+id+`","data":{"n":`+id+`}},
			{"op":"update","in":"notes","id":"counter","data":{"$inc":{"n":1}}},
			{"op":"create","in":"notes","id":"b`+id+`","data":{"n":`+id+`}}]}`)
		if err != nil {
			return nil // killed
		}
		if status != 200 {
			return fmt.Errorf("%d %s", status, body)
		}
		l.acked.Add(1)
		l.mu.Lock()
		l.pairs = append(l.pairs, id)
		l.mu.Unlock()
	}
}

// TestKillUnderLoad: kill -9 in the middle of writes loses no acknowledged
// commit and leaves none half.
func TestKillUnderLoad(t *testing.T) {
	rounds, seed := 5, uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("HUTCH_SEED"), 10, 64); err == nil {
		seed = s
	}
	end := time.Now()
	if d, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		rounds, end = 1<<30, time.Now().Add(d)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	defer func() {
		if t.Failed() {
			t.Logf("HUTCH_SEED=%d", seed)
		}
	}()
	dir := app(t, "hutch.yaml", notes)
	l := &load{
		key:    strings.TrimSpace(ok(t, hutch(t, "key", "create", "load", dir)).out),
		client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 16}},
	}
	for round := range rounds {
		if rounds > 5 && time.Now().After(end) {
			t.Logf("%d kills, %d commits", round, len(l.pairs))
			break
		}
		p := start(t, nil, "serve", dir)
		l.url = p.url
		if round == 0 {
			if status, body, err := l.post("/data/v1/docs/notes", `{"_id":"counter","n":0}`); status != 201 {
				t.Fatal(status, body, err)
			}
		}
		goal := l.acked.Load() + 20 + r.Int64N(300)
		stop, errs := make(chan struct{}), make(chan error, 8)
		for range cap(errs) {
			go func() { errs <- l.run(stop) }()
		}
		until(t, "some commits", func() bool { return l.acked.Load() >= goal || len(errs) > 0 })
		p.kill()
		close(stop)
		for range cap(errs) {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		p = start(t, nil, "serve", dir)
		l.url = p.url
		verify(t, l)
		p.stop(t)
	}
}

func verify(t *testing.T, l *load) {
	t.Helper()
	found := map[string]bool{}
	counter := int64(-1)
	after := ""
	for {
		body := `{"from":"notes","limit":1000}`
		if after != "" {
			body = `{"from":"notes","limit":1000,"after":"` + after + `"}`
		}
		status, text, err := l.post("/data/v1/query", body)
		if status != 200 {
			t.Fatal(status, text, err)
		}
		var page struct {
			Docs []struct {
				ID string `json:"_id"`
				N  int64
			}
			Next *string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Docs {
			if found[d.ID] = true; d.ID == "counter" {
				counter = d.N
			}
		}
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	for _, id := range l.pairs {
		if !found["a"+id] || !found["b"+id] {
			t.Errorf("commit %s was acknowledged and is lost", id)
		}
	}
	whole := int64(0)
	for id := range found {
		if rest, isA := strings.CutPrefix(id, "a"); isA {
			if !found["b"+rest] {
				t.Errorf("commit %s is half there", rest)
			}
			whole++
		}
	}
	if counter != whole || counter < l.acked.Load() || counter > l.sent.Load() {
		t.Errorf("the counter is %d: %d commits are there, %d were acknowledged, %d sent", counter, whole, l.acked.Load(), l.sent.Load())
	}
}
