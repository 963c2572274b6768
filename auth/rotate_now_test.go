package auth_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

func TestS40ASigningKeyRotatedByHandIsPublishedBeforeItSigns(t *testing.T) {
	bs := nodesOn(t, 2)
	old := kid(t, bs[0].signup("ann@shop.example").AccessToken)
	k, err := bs[0].RotateSigning(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if lead := k.SignsFrom.Sub(bs[0].clock.Now()); lead != day {
		t.Errorf("it signs after %s", lead)
	}
	until(t, func() bool { return slices.Contains(kids(t, bs[1].Service), k.ID) })
	last := bs[1].signinOK("ann@shop.example")
	if kid(t, last.AccessToken) != old {
		t.Error("a key signs on the day it is published")
	}
	if again, err := bs[1].RotateSigning(t.Context(), false); err != nil || again.ID != k.ID {
		t.Errorf("a second time: %v, %v", again, err)
	}
	bs[0].clock.add(day - time.Minute)
	last = bs[1].signinOK("ann@shop.example")
	bs[0].clock.add(time.Minute)
	for _, b := range bs {
		if kid(t, b.signinOK("ann@shop.example").AccessToken) != k.ID {
			t.Error("the new key does not sign after its day")
		}
		b.mustVerify(last.AccessToken)
	}
}

func TestS40ASigningKeyReplacedNowEndsAllTokens(t *testing.T) {
	bs := nodesOn(t, 2)
	if _, err := bs[0].RotateSigning(t.Context(), false); err != nil { // one that waits goes, too
		t.Fatal(err)
	}
	s := bs[0].signup("ann@shop.example")
	bs[1].mustVerify(s.AccessToken) // remembered there
	k, err := bs[0].RotateSigning(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return slices.Equal(kids(t, bs[1].Service), []string{k.ID}) })
	for _, b := range bs {
		if _, _, err := b.Verify(t.Context(), s.AccessToken); err == nil {
			t.Error("a token of the key of before is good")
		}
	}
	fresh, err := bs[1].refresh(s.RefreshToken)
	if err != nil {
		t.Fatalf("the session does not go on: %v", err)
	}
	if kid(t, fresh.AccessToken) != k.ID {
		t.Error("another key signs")
	}
	for _, b := range bs {
		b.mustVerify(fresh.AccessToken)
	}
	var rows int
	for raw, err := range bs[0].opts.System.Find(t.Context(), data.Query{
		From: "_audit", Where: data.Where{Op: data.OpEq, Path: "event", Value: data.String("signing_replaced")},
	}) {
		if err != nil || raw.Lookup("key").StringValue() != k.ID {
			t.Errorf("%v, %v", raw, err)
		}
		rows++
	}
	if rows != 1 {
		t.Errorf("%d rows of audit", rows)
	}
}

func TestSigningKeysReplacedInParallelLeaveOne(t *testing.T) {
	bs := nodesOn(t, 2)
	made := make([]auth.SigningKey, 20)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			var err error
			if made[i], err = bs[i%2].RotateSigning(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	until(t, func() bool {
		a, b := kids(t, bs[0].Service), kids(t, bs[1].Service)
		return len(a) == 1 && slices.Equal(a, b) && slices.ContainsFunc(made, func(k auth.SigningKey) bool { return k.ID == a[0] })
	})
	bs[1].mustVerify(bs[0].signup("ann@shop.example").AccessToken)
}
