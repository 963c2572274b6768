package data_test

import (
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

func TestTheClockOfTheStore(t *testing.T) {
	start := time.UnixMilli(1_760_000_000_000)
	for name, c := range map[string]struct {
		seen []time.Duration // how far commits' times were ahead, one each 20 s
		want time.Duration
	}{
		"is the node's own before any commit": {nil, 0},
		"is the node's own within 2 s":        {[]time.Duration{-1500 * time.Millisecond}, 0},
		"is behind a fast node":               {[]time.Duration{-time.Hour - time.Second, -time.Hour}, -time.Hour},
		"is ahead of a slow node":             {[]time.Duration{time.Hour - time.Second, time.Hour}, time.Hour},
		"does not lag with the feed":          {[]time.Duration{0, -time.Minute, -time.Minute, -time.Minute}, 0},
		"follows what stays":                  {[]time.Duration{0, -9e9, -9e9, -9e9, -9e9, -9e9, -9e9, -9e9}, -9e9},
	} {
		t.Run(name, func(t *testing.T) {
			if got := data.StoreClockOff(start, 20*time.Second, c.seen); got != c.want {
				t.Errorf("off by %s, want %s", got, c.want)
			}
		})
	}
}
