package mongo

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// fill writes until the log no longer reaches back to what was before.
func (o *other) fill(before instant) {
	o.t.Helper()
	pad := strings.Repeat("x", 900_000)
	ctx := limit(o.t, 2*time.Minute)
	for n := 0; o.s.oldest(ctx) <= before; n++ {
		o.must(ctx.Err())
		o.insert("filler", map[string]any{"_id": fmt.Sprint(n), "pad": pad})
	}
}

// Where the log is gone, both who begins and who is reading hear of it.
func TestChangesOfALogThatIsGone(t *testing.T) {
	t.Parallel()
	cluster := mongotest.Start(t, mongotest.Options{Members: 1, OplogMB: 16})
	o := beside(t, cluster.Database("feed"))
	o.imaged("pets")
	o.insert("pets", doc("a", 5, 1))
	o.mark("early")
	early := o.until(o.s, "", "early")[0].Position
	reading := 0
	for c, err := range o.s.Changes(limit(t, 3*time.Minute), "") {
		if reading++; reading == 1 { // in the middle of its first answer
			o.must(err)
			at, err := parsePosition(c.Position)
			o.must(err)
			o.fill(at + 1<<32)
			continue
		}
		if err != nil {
			if !errors.Is(err, data.ErrLogGone) {
				t.Errorf("a reader that lags: %v", err)
			}
			break
		}
	}
	for _, from := range []data.Position{"", early} {
		n := 0
		for _, err := range o.s.Changes(limit(t, time.Minute), from) {
			if n++; !errors.Is(err, data.ErrLogGone) {
				t.Errorf("from %q: %v", from, err)
				break
			}
		}
		if n != 1 {
			t.Errorf("from %q: %d answers", from, n)
		}
	}
	o.insert("pets", doc("b", 9, 2))
	for ctx := limit(t, time.Minute); ; { // the log may go on shrinking
		o.must(ctx.Err())
		info, err := o.s.Info(ctx)
		o.must(err)
		if err = firstError(o.s.Changes(ctx, info.Recent)); err == nil {
			break
		} else if !errors.Is(err, data.ErrLogGone) {
			t.Fatalf("from %s on: %v", info.Recent, err)
		}
	}
}

// firstError reads until there is a commit or progress.
func firstError(cs iter.Seq2[data.Commit, error]) error {
	for _, err := range cs {
		return err
	}
	return errors.New("the feed ended")
}

// A reader that lags reads on from the log, through a cursor that is gone too.
func TestChangesOfAReaderThatLags(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets")
	want, got := 0, 0
	write := func() {
		for range 40 {
			o.replace("pets", doc(fmt.Sprint(want%7), int64(10+want), want))
			want++
		}
	}
	write()
	for c, err := range o.s.Changes(limit(t, time.Minute), "") {
		o.must(err)
		for _, x := range c.Changes {
			if n := int(x.After.Lookup("n").AsInt64()); n != got {
				t.Fatalf("%d, want %d", n, got)
			}
			got++
		}
		if got == want {
			if want == 160 {
				break
			}
			write()
			o.killCursors()
		}
	}
}
