package mail_test

import (
	"strings"
	"testing"
	"time"

	"broadsheet/mail"
	"broadsheet/mail/mailtest"
)

// TestScenes plays each scene to a pool: the class is as the answer table says, and once the scene is over the same pool
// hands over the next message, whatever state its connection was left in.
func TestScenes(t *testing.T) {
	for _, scene := range mailtest.Scenes() {
		for name, pipelining := range map[string]bool{"pipelined": true, "one by one": false} {
			t.Run(scene.Name+", "+name, func(t *testing.T) {
				t.Parallel()
				playToPool(t, scene, pipelining)
			})
		}
	}
}

func playToPool(t *testing.T, scene mailtest.Scene, pipelining bool) {
	actor, err := scene.Play(pipelining)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { actor.Close() })
	c := newClock()
	before := actor.Relay()
	pool := newPool(t, c, before)
	data := aMessage
	if scene.Size > 0 {
		data += strings.Repeat("a line of many\r\n", scene.Size/16)
	}
	got := pool.Send(t.Context(), &mail.Message{Envelope: envelope, Data: []byte(data)})
	if got.Class != scene.Fate.Class {
		t.Errorf("class %s, want %s: phase %s, %s", got.Class, scene.Fate.Class, got.Reply.Phase, got.Reason())
	}
	taken := 0
	if scene.Taken {
		taken = 1
	}
	if scene.Quits {
		pool.Close()
	}
	if err := actor.End(); err != nil {
		t.Fatal(err)
	}
	if now := actor.Relay(); scene.Quits || now.Port != before.Port || now.TLS != before.TLS || now.Timeouts != before.Timeouts {
		pool = newPool(t, c, now)
	}
	c.advance(time.Hour)
	wantClass(t, send(t, pool), mail.ClassAccepted)
	if n := actor.Accepted(); n != taken+1 {
		t.Errorf("with the next message the server took %d, want %d", n, taken+1)
	}
}
