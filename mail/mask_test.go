package mail_test

import (
	"log/slog"
	"strings"
	"testing"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

func TestMaskAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"451 4.3.0 try later":                               "451 4.3.0 try later",
		"<ada@reader.example>: Relay access denied":         "<(address)>: Relay access denied",
		"ada@reader.example unknown":                        "(address) unknown",
		"to rfc822;ada@reader.example, ada@x.example.":      "to rfc822;(address), (address)",
		"see https://x.example/?to=ada%40reader.example":    "see https:(address)",
		"mailto:ada@reader.example":                         "mailto:(address)",
		"[ada+news@reader.example] ada=x.example@y.example": "[(address)] (address)",
		"":  "",
		"@": "(address)",
	} {
		if got := mail.MaskAddresses(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestPoolLogsNoRecipient lets a relay repeat the recipient in answers of every phase.
func TestPoolLogsNoRecipient(t *testing.T) {
	for phase, reply := range map[sink.Phase]string{
		sink.PhaseBanner: "421 4.3.2 busy here",
		sink.PhaseRcpt:   "421 4.7.0 <" + envelope.To + ">: not now",
		sink.PhaseData:   "421 4.7.0 " + strings.ToUpper(envelope.To) + " not now",
	} {
		var a answer
		a.set(phase, sink.Action{Reply: reply, Close: true})
		_, relay := newServer(t, sink.Options{Hook: a.hook})
		var log strings.Builder
		pool := mail.NewPool([]*mail.Relay{relay}, 0, slog.New(slog.NewTextHandler(&log, nil)), newClock().now)
		wantClass(t, send(t, pool), mail.ClassTemporaryPath)
		again := send(t, pool)
		pool.Close()
		for _, want := range []string{"relay in trouble", "temporary-path", "421", "phase=" + string(phase)} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("%s: the log lacks %q: %s", phase, want, log.String())
			}
		}
		if s := strings.ToLower(log.String() + again.Reason()); strings.Contains(s, envelope.To) {
			t.Errorf("%s: the log or the next message's reason shows the recipient: %s", phase, s)
		}
		if knows := strings.Contains(log.String(), "busy here"); knows != (phase == sink.PhaseBanner) {
			t.Errorf("%s: the log has the relay's words: %v", phase, knows)
		}
	}
}
