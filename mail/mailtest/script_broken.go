package mailtest

import (
	"strings"

	"broadsheet/mail"
	"broadsheet/mail/sink"
)

// brokenScenes break the protocol, or stretch it.
func brokenScenes() []Scene {
	raw := func(name string, phase sink.Phase, text string, fate Fate) Scene {
		return does(name, phase, sink.Action{Raw: text}, fate)
	}
	takes := func(name, text string, fate Fate) Scene {
		return does(name, sink.PhaseDot, sink.Action{Raw: text, Accept: true}, fate)
	}
	out := []Scene{
		raw("many lines with status codes", sink.PhaseRcpt, "550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", unknown),
		raw("a status code on the last line only", sink.PhaseRcpt, "550-\r\n550 5.1.1 gone\r\n", refused),
		raw("a status code of another class", sink.PhaseRcpt, "450 5.1.1 gone\r\n", later),
		raw("only a code", sink.PhaseRcpt, "450\r\n", later),
		raw("bare line feed", sink.PhaseRcpt, "550 5.1.1 gone\n", unknown),
		raw("NUL and eight bits", sink.PhaseRcpt, "550 5.1.1 \x00g\xffone \xe9\x00\r\n", unknown),
		raw("a long line", sink.PhaseRcpt, "550 5.1.1 "+strings.Repeat("x", 2000)+"\r\n", unknown),
		takes("many lines", "250-2.0.0 taken\r\n250-2.0.0 as\r\n250 2.0.0 4711\r\n", accepted),
		takes("a long line", "250 2.0.0 "+strings.Repeat("x", 2000)+"\r\n", accepted),
		takes("a reply to something else", "354 go on\r\n", uncertain),
		takes("an answer too many", "250 2.0.0 taken\r\n250 2.0.0 taken\r\n", accepted),
		takes("a refusal too many", "250 2.0.0 taken\r\n550 5.1.1 gone\r\n", accepted),
		does("a refusal and an acceptance", sink.PhaseDot, sink.Action{Raw: "550 5.1.1 gone\r\n250 ok\r\n"}, unknown),

		raw("an answer before the command", sink.PhaseMail, "250 2.1.0 ok\r\n250 2.1.5 ok\r\n", requeued),
		raw("354 before the command", sink.PhaseMail, "354 go on\r\n", requeued),
		raw("354 instead of 250", sink.PhaseRcpt, "354 go on\r\n", requeued),
		raw("250 instead of 354", sink.PhaseData, "250 2.0.0 ok\r\n", requeued),
		raw("refused, and 354 to DATA", sink.PhaseRcpt, "550 5.1.1 gone\r\n354 go on\r\n", unknown),
		raw("refused, and 503 to DATA", sink.PhaseRcpt, "550 5.1.1 gone\r\n503 5.5.1 no recipient\r\n", unknown),
		raw("refused for now, and 554 to DATA", sink.PhaseRcpt, "450 4.2.1 busy\r\n", later),
		raw("refused, and rubbish to DATA", sink.PhaseRcpt, "550 5.1.1 gone\r\nwhat?\r\n", unknown),
		does("refused, and closed at DATA", sink.PhaseRcpt, sink.Action{Reply: "550 5.1.1 gone", Close: true}, unknown),
		does("refused for now, and closed at DATA", sink.PhaseRcpt, sink.Action{Reply: "451 4.7.1 later", Close: true}, later),
		raw("accepted, and 354 before DATA", sink.PhaseRcpt, "250 2.1.5 ok\r\n354 go on\r\n", requeued),
		raw("two answers to DATA", sink.PhaseData, "354 go on\r\n354 go on\r\n", requeued),
		{Name: "banner: an answer before EHLO", Fate: requeued, Hook: at(sink.PhaseBanner, sink.Action{Raw: "220 sink ESMTP\r\n250 early\r\n"})},
	}
	return append(out, rubbishScenes()...)
}

// rubbishScenes answer what is no reply, at each point.
func rubbishScenes() []Scene {
	rubbish := []struct{ name, text string }{
		{"no code", "hello\r\n"}, {"nothing but a line end", "\r\n"}, {"NUL", "\x00\x00\x00\r\n"}, {"a code of 1", "110 wait\r\n"},
		{"a code of 6", "650 x\r\n"}, {"a letter in the code", "2x0 ok\r\n"}, {"four digits", "2500 ok\r\n"},
		{"codes that differ", "250-a\r\n550 b\r\n"}, {"a line without end", strings.Repeat("250-x", 20_000) + "\r\n"},
		{"lines without end", strings.Repeat("250-x\r\n", 5_000) + "250 x\r\n"},
	}
	var out []Scene
	for _, r := range rubbish {
		for _, phase := range commandPhases() {
			out = append(out, does(r.name, phase, sink.Action{Raw: r.text}, requeued))
		}
		out = append(out, does(r.name, sink.PhaseDot, sink.Action{Raw: r.text, Accept: true}, uncertain))
	}
	for _, phase := range dialPhases() {
		out = append(out, does("no code", phase, sink.Action{Raw: "hello\r\n", Close: true}, requeued))
	}
	return out
}

// lateScenes answer late but in time, at each point.
func lateScenes() []Scene {
	var out []Scene
	phases := append(append(dialPhases(), commandPhases()...), sink.PhaseBody, sink.PhaseDot, sink.PhaseQuit)
	for _, phase := range phases {
		out = append(out, taken(does("answers late", phase, sink.Action{Delay: short}, accepted)))
	}
	return out
}

// hangingScenes never answer.
func hangingScenes() []Scene {
	const forever = 1 << 62
	hangs := func(phase sink.Phase, t mail.Timeouts, fate Fate) Scene {
		s := does("hangs", phase, sink.Action{Delay: forever}, fate)
		s.Timeouts, s.Taken = t, phase == sink.PhaseDot || phase == sink.PhaseQuit
		return s
	}
	var out []Scene
	for _, phase := range dialPhases() {
		out = append(out, hangs(phase, mail.Timeouts{Hello: short}, requeued))
	}
	body := hangs(sink.PhaseBody, mail.Timeouts{Block: short}, halfway)
	body.Size = large
	quit := hangs(sink.PhaseQuit, mail.Timeouts{Quit: short}, accepted)
	return append(out, body, quit,
		hangs(sink.PhaseMail, mail.Timeouts{Command: short}, requeued), hangs(sink.PhaseRcpt, mail.Timeouts{Command: short}, requeued),
		hangs(sink.PhaseData, mail.Timeouts{Data: short}, requeued), hangs(sink.PhaseDot, mail.Timeouts{Dot: short}, uncertain))
}

// closingScenes cut the connection, at each point, without an answer, in the middle of one and after one.
func closingScenes() []Scene {
	var out []Scene
	for _, phase := range append(dialPhases(), commandPhases()...) {
		out = append(out, does("closes", phase, sink.Action{Close: true}, requeued),
			does("closes within an answer", phase, sink.Action{Raw: "250-o", Close: true}, requeued))
	}
	for phase, reply := range map[sink.Phase]string{
		sink.PhaseBanner: "220 sink ESMTP", sink.PhaseHello: "250 sink", sink.PhaseMail: "250 2.1.0 ok", sink.PhaseRcpt: "250 2.1.5 ok",
	} {
		out = append(out, does("closes after its answer", phase, sink.Action{Reply: reply, Close: true}, requeued))
	}
	body := does("closes", sink.PhaseBody, sink.Action{Close: true}, halfway)
	body.Size = large
	return append(out, body,
		does("closes, not taken", sink.PhaseDot, sink.Action{Close: true}, uncertain),
		does("closes, taken", sink.PhaseDot, sink.Action{Close: true, Accept: true}, uncertain),
		does("closes within an answer, taken", sink.PhaseDot, sink.Action{Raw: "250-2.0.0 ta", Close: true, Accept: true}, uncertain),
		does("closes before the last line, taken", sink.PhaseDot, sink.Action{Raw: "250-2.0.0 taken\r\n", Close: true, Accept: true}, uncertain),
		taken(does("closes after its answer", sink.PhaseDot, sink.Action{Reply: "250 2.0.0 taken", Close: true, Accept: true}, accepted)),
		does("refuses and closes", sink.PhaseDot, sink.Action{Reply: "550 5.1.1 gone", Close: true}, unknown),
		taken(does("closes", sink.PhaseQuit, sink.Action{Close: true}, accepted)))
}
