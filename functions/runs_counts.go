package functions

import (
	"context"
	"encoding/json"
	"math"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// buckets of a tally: bucket i holds runs below firstBucket * 2^(i/4) ms.
const (
	bucketCount = 80
	firstBucket = 0.1
)

// tally counts runs of a function.
type tally struct {
	ok, refused, failed int64
	buckets             [bucketCount]int64
}

func bucketOf(ms float64) int {
	if ms <= firstBucket {
		return 0
	}
	return min(int(math.Ceil(4*math.Log2(ms/firstBucket))), bucketCount-1)
}

// top is the upper end of a bucket in ms.
func top(i int) float64 { return firstBucket * math.Exp2(float64(i)/4) }

func (t *tally) add(o *tally) {
	t.ok += o.ok
	t.refused += o.refused
	t.failed += o.failed
	for i := range o.buckets {
		t.buckets[i] += o.buckets[i]
	}
}

// quantile is within 19 % of the true one, in ms; 0 without runs.
func (t *tally) quantile(q float64) float64 {
	n := t.ok + t.refused + t.failed
	rest := int64(math.Ceil(q * float64(n)))
	for i, k := range t.buckets {
		if rest -= k; rest <= 0 && n > 0 {
			return math.Round(top(i)*1000) / 1000
		}
	}
	return 0
}

func (rs *Runs) count(k *Run) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	t := rs.tallies[k.Function]
	if t == nil {
		t = &tally{}
		rs.tallies[k.Function] = t
	}
	switch {
	case k.Failed:
		t.failed++
	case k.OK():
		t.ok++
	default:
		t.refused++
	}
	t.buckets[bucketOf(k.Took)]++
}

// countLine is an entry of Counts.
type countLine struct {
	Function string           `json:"f"`
	OK       int64            `json:"ok,omitempty"`
	Refused  int64            `json:"refused,omitempty"`
	Failed   int64            `json:"failed,omitempty"`
	Buckets  map[string]int64 `json:"b"`
}

// note moves the counts of this node to the journal.
func (rs *Runs) note() {
	rs.mu.Lock()
	was := rs.tallies
	rs.tallies = map[string]*tally{}
	rs.mu.Unlock()
	for name, t := range was {
		l := countLine{Function: name, OK: t.ok, Refused: t.refused, Failed: t.failed, Buckets: map[string]int64{}}
		for i, n := range t.buckets {
			if n > 0 {
				l.Buckets[strconv.Itoa(i)] = n
			}
		}
		if b, err := json.Marshal(l); err == nil {
			rs.o.Counts.Add(b)
		}
	}
}

// Counts are of a function's runs on all nodes; of other nodes those up to half a
// minute ago.
type Counts struct {
	Hour CountsOf `json:"hour"`
	Day  CountsOf `json:"day"`
}

// CountsOf are of a time. P50 and P99 are in ms, at most 19 % above the true ones.
type CountsOf struct {
	OK      int64   `json:"ok"`
	Refused int64   `json:"refused"`
	Failed  int64   `json:"failed"` // as Outcome.Failed says
	P50     float64 `json:"p50"`
	P99     float64 `json:"p99"`
}

func (t *tally) counts() CountsOf {
	return CountsOf{OK: t.ok, Refused: t.refused, Failed: t.failed, P50: t.quantile(.5), P99: t.quantile(.99)}
}

// Counts gives the last hour and day by function.
func (rs *Runs) Counts(ctx context.Context) (map[string]Counts, error) {
	rs.note()
	now := rs.o.Now()
	hours, days := map[string]*tally{}, map[string]*tally{}
	q := data.JournalQuery{Since: now.Add(-CountsLife), Limit: 10_000, Time: 5 * time.Second}
	for {
		page, err := rs.o.Counts.Read(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Entries {
			name, t := readCount(page.Entries[i].Body)
			if t == nil {
				continue
			}
			sum(days, name, t)
			if now.Sub(page.Entries[i].At) <= time.Hour {
				sum(hours, name, t)
			}
		}
		if q.After = page.Next; q.After == "" || page.Partial {
			break
		}
	}
	out := map[string]Counts{}
	for name, day := range days {
		c := Counts{Day: day.counts()}
		if h := hours[name]; h != nil {
			c.Hour = h.counts()
		}
		out[name] = c
	}
	return out, nil
}

func sum(m map[string]*tally, name string, t *tally) {
	if m[name] == nil {
		m[name] = &tally{}
	}
	m[name].add(t)
}

func readCount(b []byte) (string, *tally) {
	var l countLine
	if json.Unmarshal(b, &l) != nil {
		return "", nil
	}
	t := &tally{ok: l.OK, refused: l.Refused, failed: l.Failed}
	for i, n := range l.Buckets {
		if k, err := strconv.Atoi(i); err == nil && k >= 0 && k < bucketCount {
			t.buckets[k] = n
		}
	}
	return l.Function, t
}
