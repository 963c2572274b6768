package auth_test

import (
	"testing"
	"time"

	"github.com/hutch-dev/hutch/auth"
)

// TestS41DeviceMarks: who proved the password alone of two factors gets none; a
// mark lasts a year, and not longer than the sessions of its time.
func TestS41DeviceMarks(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	known := func(mark string) bool { return b.SeenOn(s.User.ID, mark) }
	if s.DeviceToken == "" || !known(s.DeviceToken) {
		t.Fatalf("the mark %q", s.DeviceToken)
	}
	b.clock.add(365*24*time.Hour - time.Second)
	if !known(s.DeviceToken) {
		t.Error("within the year it is not known")
	}
	b.clock.add(time.Second)
	if known(s.DeviceToken) {
		t.Error("it outlives the year")
	}
	again := b.signinOK("ann@shop.example")
	if again.DeviceToken == s.DeviceToken || !known(again.DeviceToken) {
		t.Error("a new sign-in gives no new mark")
	}
	device := newDevice(t, -7)
	if _, err := b.plugIn(again, device).prove(again); err != nil {
		t.Fatal(err)
	}
	if half := b.signinOK("ann@shop.example"); half.DeviceToken != "" {
		t.Error("the password alone makes a device known")
	}
	if err := b.EndSessionsOf(t.Context(), bearer(b.keyOf("auth")), s.User.ID); err != nil {
		t.Fatal(err)
	}
	if known(again.DeviceToken) {
		t.Error("it outlives what ends all sessions")
	}
	_, err := auth.ParsePassword([]byte(`{"email":"a@b.test","password":"x","device_token":1}`))
	wantCode(t, err, "validation_failed")
}
